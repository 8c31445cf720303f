// On every page: asks before something is done that cannot be undone, and lets each form be sent once.

document.addEventListener("submit", (event) => {
  const question = event.submitter?.dataset.confirm ?? event.target.dataset.confirm;
  if (question && !window.confirm(question)) {
    event.preventDefault();
    return;
  }
  // After the event, so that the button's own value still goes with the form.
  setTimeout(() => {
    if (!event.defaultPrevented && event.submitter) event.submitter.disabled = true;
  });
});

// A page that comes back by the browser's own button can be sent again.
window.addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  for (const button of document.querySelectorAll("form button:disabled")) button.disabled = false;
});
