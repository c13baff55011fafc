// Keys go to the workbench as soon as it paints, and again whenever the tab is looked at: nobody has to click first.
function focusWorkbench() {
  document.querySelector(".xterm-helper-textarea")?.focus();
}
window.addEventListener("focus", focusWorkbench);
window.addEventListener("DOMContentLoaded", () => {
  new MutationObserver(focusWorkbench).observe(document.body, { attributeFilter: ["class"] });
});
