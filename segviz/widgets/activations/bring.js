// A picture of the reader's own: chosen as a file, dropped on the figure, pasted, or taken with the camera.

import { button } from "../shared/controls.js";
import { el, set } from "../shared/dom.js";

/**
 * @param {(file: Blob, name: string) => void} onFile
 * @param {string} promise   what becomes of the picture, in words
 */
export function bringing(frame, onFile, promise) {
  const input = el("input", { type: "file", class: "sv-hidden", accept: "image/*", change: () => take(input.files[0]) });
  const said = el("p", { class: "ae-note", role: "status" });
  const camera = hasCamera() ? cameraOf(frame, take, say) : null;
  const node = el(
    "div", { class: "ae-file" },
    el("label", { class: "sv-button" }, input, "a picture of yours …"),
    ...(camera ? [camera.node] : []),
    el("p", { class: "ae-note" }, promise),
    said,
  );
  frame.figure.addEventListener("dragover", (event) => event.preventDefault());
  frame.figure.addEventListener("drop", (event) => {
    event.preventDefault();
    const [file] = event.dataTransfer.files;
    if (file) take(file);
    else say("What was dropped is no file: save the picture first, then drop it here.");
  });
  document.addEventListener("paste", onPaste, { signal: frame.signal });
  return { node, say };

  function say(words) {
    said.textContent = words;
  }

  function take(file) {
    if (!file) return;
    say("on its way …");
    onFile(file, file.name ?? "picture");
    input.value = "";
  }

  /** A picture that is pasted goes to the figure the reader is in; with none, to the first of the page. */
  function onPaste(event) {
    const file = [...(event.clipboardData?.files ?? [])].find(({ type }) => type.startsWith("image/"));
    if (!file || event.defaultPrevented) return;
    const widget = node.closest(".sv-widget");
    const inside = document.activeElement?.closest(".sv-widget");
    const first = [...document.querySelectorAll(".ae-file")][0] === node;
    if (inside ? inside !== widget : !first) return;
    event.preventDefault();
    take(file);
  }
}

/** A camera is asked for only where the page is served safely: never from the disk. */
function hasCamera() {
  return location.protocol !== "file:" && isSecureContext && Boolean(navigator.mediaDevices?.getUserMedia);
}

/** A button that opens the camera's picture, one that takes it, and one that closes it. */
function cameraOf(frame, take, say) {
  const video = el("video", { class: "ae-video", muted: true, playsinline: true, "aria-label": "What the camera sees" });
  const open = button("camera …", start);
  const shot = button("take this one", shoot);
  const close = button("close", stop);
  const row = el("div", { class: "ae-camera ae-away" }, video, shot, close);
  const node = el("div", {}, open, row);
  let stream = null;
  frame.signal.addEventListener("abort", stop);
  return { node };

  async function start() {
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    } catch (problem) {
      say(problem.name === "NotAllowedError" ? "The camera was not allowed." : "There is no camera that can be used.");
      return;
    }
    video.srcObject = stream;
    await video.play();
    row.classList.remove("ae-away");
    open.classList.add("ae-away");
    shot.focus();
  }

  function stop() {
    stream?.getTracks().forEach((track) => track.stop());
    stream = null;
    row.classList.add("ae-away");
    open.classList.remove("ae-away");
  }

  function shoot() {
    const canvas = el("canvas");
    set(canvas, { width: video.videoWidth, height: video.videoHeight });
    canvas.getContext("2d").drawImage(video, 0, 0);
    canvas.toBlob((picture) => {
      stop();
      open.focus();
      take(picture);
    });
  }
}
