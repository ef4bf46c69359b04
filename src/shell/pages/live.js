// Keeps a page live: the server sends the parts that changed, this puts them in place.
// Without this script the page stands still and has a link to load it again.
"use strict";

(() => {
  const SILENCE_MS = 15_000;
  const ANNOUNCE_MS = 60_000;
  const pause = document.getElementById("pause");
  const lost = document.getElementById("lost");
  const announce = document.getElementById("announce");
  let source = null;
  let paused = false;
  let silence = 0;
  let announcement = 0;
  let summary = document.getElementById("status")?.dataset.summary;

  // Makes `old` like `fresh` and touches only what differs, so that focus, selection and
  // scrolling stay where they are.
  function patch(old, fresh) {
    if (old.isEqualNode(fresh)) return;
    const same = old.nodeType === Node.ELEMENT_NODE && old.nodeName === fresh.nodeName &&
      old.childNodes.length === fresh.childNodes.length;
    if (!same) {
      old.replaceWith(fresh);
      return;
    }
    for (const { name } of [...old.attributes]) {
      // Whether details are open is the reader's own.
      if (!fresh.hasAttribute(name) && name !== "open") old.removeAttribute(name);
    }
    for (const { name, value } of fresh.attributes) {
      if (old.getAttribute(name) !== value) old.setAttribute(name, value);
    }
    const children = [...fresh.childNodes];
    [...old.childNodes].forEach((child, at) => patch(child, children[at]));
  }

  function shown() {
    return [...document.querySelectorAll("[data-part]")].map((part) => part.id).join();
  }

  function receive(message) {
    heard();
    const { parts, ids } = JSON.parse(message.data);
    if (ids && ids.join() !== shown()) {
      location.reload();
      return;
    }
    for (const { id, html } of parts) {
      const old = document.getElementById(id);
      const holder = document.createElement("template");
      holder.innerHTML = html.trim();
      if (old && holder.content.firstChild) patch(old, holder.content.firstChild);
    }
    if (!announcement) say();
  }

  // Screen readers hear only of changes of state, at most once a minute.
  function say() {
    const now = document.getElementById("status").dataset.summary;
    if (now === summary) return;
    summary = now;
    announce.textContent = now;
    announcement = setTimeout(() => { announcement = 0; say(); }, ANNOUNCE_MS);
  }

  function heard() {
    lost.hidden = true;
    document.body.classList.remove("is-lost");
    clearTimeout(silence);
    silence = setTimeout(missing, SILENCE_MS);
  }

  function missing() {
    silence = 0;
    lost.hidden = false;
    announce.textContent = document.getElementById("lost-says").textContent;
    // What is said next is the state after the loss.
    summary = "";
    document.body.classList.add("is-lost");
  }

  function open() {
    if (source) return;
    source = new EventSource(document.body.dataset.events);
    source.onmessage = receive;
    // A refused stream is not tried again by the browser.
    source.onerror = () => {
      if (source.readyState !== EventSource.CLOSED) return;
      close();
      setTimeout(resume, 5_000);
    };
    // Trying again is not hearing something: the wait that runs goes on.
    silence ||= setTimeout(missing, SILENCE_MS);
  }

  function close() {
    source?.close();
    source = null;
  }

  // A hidden page leaves its connection to others: browsers allow six to a host.
  function resume() {
    if (paused || document.hidden) {
      close();
      clearTimeout(silence);
      silence = 0;
    } else {
      open();
    }
  }

  pause.hidden = false;
  pause.addEventListener("click", () => {
    paused = !paused;
    pause.textContent = paused ? pause.dataset.on : pause.dataset.off;
    document.getElementById("paused").hidden = !paused;
    document.body.classList.toggle("is-paused", paused);
    resume();
  });
  document.addEventListener("visibilitychange", resume);
  resume();
})();
