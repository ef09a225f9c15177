// Inside WeChat: hand a payment to the app around the page, which shows a sheet of its own and asks the payer there.
(() => {
  const PAID = "get_brand_wcpay_request:ok";
  const LEFT = "get_brand_wcpay_request:cancel";
  let isOpen = false; // WeChat's sheet lies over the page.

  const sayNotTaken = (isShown) => document.querySelectorAll("[data-not-taken]").forEach((words) => { words.hidden = !isShown; });

  const whenReady = (act) => {
    if (window.WeixinJSBridge) act();
    else document.addEventListener("WeixinJSBridgeReady", act, { once: true });
  };

  const handOver = (button) => {
    if (isOpen) return;
    isOpen = true;
    sayNotTaken(false);
    window.WeixinJSBridge.invoke("getBrandWCPayRequest", JSON.parse(button.dataset.handOver), (answer) => {
      isOpen = false;
      // This only says where to look next: whether it was paid, WeChat Pay tells the portal itself.
      if (answer.err_msg === PAID) window.location.assign(button.dataset.afterwards);
      else sayNotTaken(answer.err_msg !== LEFT);
    });
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-hand-over]");
    if (button) whenReady(() => handOver(button));
  });

  // Whoever comes here has pressed a button with the sum on it: the sheet opens by itself, once.
  whenReady(() => {
    const button = document.querySelector("[data-hand-over]");
    if (!button || sessionStorage.getItem(button.dataset.handOver)) return;
    sessionStorage.setItem(button.dataset.handOver, "opened");
    handOver(button);
  });
})();
