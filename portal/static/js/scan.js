// Read an ICCID or an activation code with the camera: by the browser's own reader where there is one, else by a library.
(() => {
  const FORMATS = ["code_128", "code_39", "ean_13", "itf", "data_matrix", "qr_code"];
  const canScan = Boolean(navigator.mediaDevices?.getUserMedia);

  // A bar code carries the number alone, sometimes with letters or spaces around it; a QR code may be an LPA address.
  const cleaned = (text) => (text.startsWith("LPA:") ? text : (text.replace(/[\s-]/g, "").match(/\d{18,20}[0-9F]?/i)?.[0] ?? text.trim()));

  const openDialog = (button) => {
    const dialog = document.createElement("dialog");
    dialog.className = "scan-dialog";
    const title = document.createElement("p");
    title.textContent = button.dataset.title;
    const view = document.createElement("div");
    view.className = "scan-view";
    view.id = "scan-view";
    const cancel = document.createElement("button");
    cancel.type = "button";
    cancel.className = "btn w-100";
    cancel.textContent = button.dataset.cancel;
    cancel.addEventListener("click", () => dialog.close());
    dialog.append(title, view, cancel);
    document.body.append(dialog);
    dialog.addEventListener("close", () => dialog.remove());
    dialog.showModal();
    return { dialog, view };
  };

  const scanByBrowser = async (view, dialog, found) => {
    const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    const video = document.createElement("video");
    video.playsInline = true;
    video.muted = true;
    video.srcObject = stream;
    view.append(video);
    await video.play();
    const detector = new BarcodeDetector({ formats: FORMATS });
    let isOpen = true;
    dialog.addEventListener("close", () => { isOpen = false; stream.getTracks().forEach((track) => track.stop()); });
    while (isOpen) {
      const codes = await detector.detect(video).catch(() => []);
      if (codes.length) { found(codes[0].rawValue); return; }
      await new Promise((resume) => setTimeout(resume, 150));
    }
  };

  const loadLibrary = (address) => new Promise((resolve, reject) => {
    if (window.Html5Qrcode) { resolve(); return; }
    const script = document.createElement("script");
    script.src = address;
    script.onload = resolve;
    script.onerror = reject;
    document.head.append(script);
  });

  const scanByLibrary = async (button, dialog, found) => {
    await loadLibrary(button.dataset.library);
    const reader = new Html5Qrcode("scan-view", { verbose: false });
    dialog.addEventListener("close", () => { reader.stop().catch(() => {}); });
    await reader.start({ facingMode: "environment" }, { fps: 8, qrbox: { width: 260, height: 140 } }, found, () => {});
  };

  const scan = async (button) => {
    const field = document.getElementById(button.dataset.scan);
    const { dialog, view } = openDialog(button);
    const found = (text) => {
      field.value = cleaned(text);
      dialog.close();
      field.dispatchEvent(new Event("input", { bubbles: true }));
      field.dispatchEvent(new Event("change", { bubbles: true }));
      field.focus();
    };
    try {
      const formats = (await window.BarcodeDetector?.getSupportedFormats?.()) ?? [];
      if (formats.includes("code_128")) await scanByBrowser(view, dialog, found);
      else await scanByLibrary(button, dialog, found);
    } catch {
      view.textContent = button.dataset.refused;
    }
  };

  document.querySelectorAll("[data-scan]").forEach((button) => {
    button.hidden = !canScan;
    button.addEventListener("click", () => scan(button));
  });
})();
