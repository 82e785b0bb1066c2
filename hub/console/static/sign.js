// Draws signatures. Each field takes strokes of a finger, pen or mouse and keeps them as whole coordinates in a field
// of 1000 by 300, in the hidden input beside it. Nothing is sent anywhere but with the form.
"use strict";
for (const pad of document.querySelectorAll("svg[data-signs]")) {
  const input = document.getElementById(pad.dataset.signs);
  const line = pad.querySelector("path");
  const clear = document.querySelector(`button[data-clears="${pad.id}"]`);
  let strokes = "", drawing = null, last = "";
  const at = (event) => {
    const box = pad.getBoundingClientRect();
    const within = (value, most) => Math.max(0, Math.min(most, Math.round(value)));
    return `${within(((event.clientX - box.left) / box.width) * 1000, 1000)} ${within(((event.clientY - box.top) / box.height) * 300, 300)}`;
  };
  const show = () => { line.setAttribute("d", strokes); input.value = strokes; };
  pad.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    pad.setPointerCapture(event.pointerId);
    drawing = event.pointerId;
    last = at(event);
    strokes += `M${last}L${last}`;
    show();
  });
  pad.addEventListener("pointermove", (event) => {
    if (drawing !== event.pointerId) return;
    const here = at(event);
    if (here !== last && strokes.length < 55000) { strokes += `L${here}`; last = here; show(); }
  });
  for (const end of ["pointerup", "pointercancel"]) pad.addEventListener(end, () => { drawing = null; });
  clear.addEventListener("click", () => { strokes = ""; show(); });
}
