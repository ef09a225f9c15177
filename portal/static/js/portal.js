// Small comforts; every page works without them.
(() => {
  const each = (root, selector, act) => root.querySelectorAll(selector).forEach(act);

  // Toasts: leave by themselves, except errors, which wait to be read.
  const TOAST_MS = 6000;
  const watchToast = (toast) => {
    if (toast.dataset.watched) return;
    toast.dataset.watched = "yes";
    if (!toast.classList.contains("is-error")) setTimeout(() => toast.remove(), TOAST_MS);
  };

  // A button that moves a typed sum bears it, as the server writes sums; what is no sum leaves it as it came.
  const PLAIN_SUM = /^(\d{1,3}(,\d{3})+|\d+)(\.\d+)?$/;
  const bearSum = (button) => {
    if (button.dataset.watched) return;
    button.dataset.watched = "yes";
    const field = document.getElementById(button.dataset.sumOf);
    const [bare, digits] = [button.textContent, Number(button.dataset.sumDigits)];
    const write = () => {
      const text = field.value.trim();
      const isSum = PLAIN_SUM.test(text) && (text.split(".")[1] || "").length <= digits;
      const sum = isSum ? Number(text.replaceAll(",", "")) : 0;
      const figures = sum.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
      button.textContent = sum > 0 ? button.dataset.sumWords.replace("{}", figures) : bare;
    };
    field.addEventListener("input", write);
    write();
  };

  // Fields that only one choice of a form needs: `data-only-for="kind=percent"`. Without scripts all are shown.
  const showOnlyFor = (part) => {
    if (part.dataset.watched) return;
    part.dataset.watched = "yes";
    const [name, wanted] = part.dataset.onlyFor.split("=");
    const choice = part.closest("form").elements[name];
    const show = () => { part.hidden = choice.value !== wanted; };
    choice.addEventListener("change", show);
    show();
  };

  const prepare = (root) => {
    each(root, "[data-only-for]", showOnlyFor);
    each(root, "[data-sum-of]", bearSum);
    each(root, "[data-copy]", (button) => { button.hidden = !navigator.clipboard; });
    each(root, "[data-fills]", (button) => { button.hidden = false; });
    each(root, "[data-toast]", watchToast);
    // What is wrong with a field may come alone, so that what is being typed in it stays.
    each(document, "[data-tells-of]", (place) => {
      const field = document.getElementById(place.dataset.tellsOf), isWrong = place.childElementCount > 0;
      field.classList.toggle("is-invalid", isWrong);
      field.setAttribute("aria-invalid", String(isWrong));
    });
  };

  document.addEventListener("click", (event) => {
    const copy = event.target.closest("[data-copy]");
    if (copy) {
      navigator.clipboard.writeText(copy.dataset.copy).then(() => {
        const title = copy.title;
        copy.classList.add("is-done");
        copy.title = copy.dataset.done;
        setTimeout(() => { copy.classList.remove("is-done"); copy.title = title; }, 1500);
      });
    }
    const fills = event.target.closest("[data-fills]");
    if (fills) fills.form.elements[fills.dataset.fills].value = fills.dataset.value;
    event.target.closest("[data-close]")?.closest("[data-toast]")?.remove();
    each(document, "details[data-menu][open]", (menu) => { if (!menu.contains(event.target)) menu.open = false; });
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      each(document, "details[data-menu][open]", (menu) => { menu.open = false; menu.querySelector("summary").focus(); });
    }
    const isTyping = event.target.closest("input, textarea, select, [contenteditable]");
    if (event.key === "/" && !isTyping && !event.ctrlKey && !event.metaKey && !event.altKey) {
      const search = document.querySelector("main [data-search]") || document.querySelector("[data-search]");
      if (search) { event.preventDefault(); search.focus(); search.select(); }
    }
    // Rows of a table marked data-walk: arrow keys go from link to link.
    const row = event.target.closest("[data-walk] tr");
    if (row && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      const next = event.key === "ArrowDown" ? row.nextElementSibling : row.previousElementSibling;
      const link = next?.querySelector("a, button");
      if (link) { event.preventDefault(); link.focus(); }
    }
  });

  // A list follows its search while it is typed. Leaving the field tells nothing new, and fetching the list once more
  // would replace the row under the finger that left it.
  document.addEventListener("change", (event) => {
    if (event.target.matches("[hx-get] input[type=search]")) event.stopPropagation();
  }, true);

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.dataset.confirm && !window.confirm(form.dataset.confirm)) { event.preventDefault(); return; }
    // Forms are safe to send twice; this only shows that the first click was heard.
    if (form.method === "post" && !form.hasAttribute("hx-post")) {
      setTimeout(() => each(form, "button[type=submit]", (button) => { button.classList.add("is-waiting"); }), 0);
    }
  });
  // Coming back with the browser's button shows the page as it was left.
  window.addEventListener("pageshow", () => each(document, ".is-waiting", (button) => button.classList.remove("is-waiting")));

  // Nothing came back at all: say it in the page's own words, which the template carries.
  const sayOffline = () => {
    const toasts = document.getElementById("toasts");
    const toast = toasts.querySelector("template").content.cloneNode(true);
    if (!toasts.querySelector("[data-offline]")) toasts.append(toast);
  };
  document.addEventListener("htmx:sendError", sayOffline);
  document.addEventListener("htmx:timeout", sayOffline);

  document.addEventListener("htmx:load", (event) => prepare(event.detail.elt));
  prepare(document);
  // On a phone the operator's places scroll sideways: the open one shall be seen.
  const open = document.querySelector(".places [aria-current]");
  if (open) open.parentElement.scrollLeft = open.offsetLeft - (open.parentElement.clientWidth - open.offsetWidth) / 2;
  document.querySelector("[aria-invalid=true]")?.focus();
})();
