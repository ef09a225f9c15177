// Before the first paint: follow the system's light or dark. Loaded without `defer` so that nothing flashes.
(() => {
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const follow = () => {
    document.documentElement.dataset.bsTheme = dark.matches ? "dark" : "light";
    document.dispatchEvent(new CustomEvent("themechange"));
  };
  follow();
  dark.addEventListener("change", follow);
})();
