// The WebSocket to the server: it plays one exchange at a time, and is open as long as it is needed.

import { pageText } from "./words.js";

const idleAfter = 120_000;
const waiting = [];
const takers = new Map();
// What the server was asked for, in the order in which it answers.
const asked = [];
let socket = null;
let lastRun = 0;
let running = 0;
let idleTimer = 0;
let keptRun = 0;

// The server keeps the bytes of the last run, as long as the connection is open.
export function isKept(run) {
  return socket !== null && run === keptRun;
}

// Plays an exchange; `take` gets each message, the last is of the kind `done`. `waits`: not before the others have ended.
// Returns the number of the run.
export function playLive(exchange, settings, take, waits = false) {
  lastRun += 1;
  const job = { run: lastRun, exchange, settings, take };
  if (waits && running) waiting.push(job);
  else startJob(job);
  return job.run;
}

export function stopLive(run) {
  const at = waiting.findIndex((job) => job.run === run);
  if (at >= 0) {
    const [job] = waiting.splice(at, 1);
    job.take({ kind: "done", run, time: 0, outcome: "stopped", why: "" });
  } else if (takers.has(run)) {
    sendCommand({ do: "stop", run });
  }
}

// The capture of a run as bytes, or the run as a file: `{name, text}`.
export function saveLive(run, what) {
  return new Promise((resolve, reject) => {
    asked.push({ resolve, reject });
    sendCommand({ do: what, run });
    restUntilIdle();
  });
}

function startJob(job) {
  running = job.run;
  takers.set(job.run, job.take);
  keptRun = job.run;
  sendCommand({ do: "play", run: job.run, exchange: job.exchange, settings: job.settings });
}

function sendCommand(command) {
  clearTimeout(idleTimer);
  socket ??= openSocket();
  if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(command));
  else socket.addEventListener("open", (event) => event.target.send(JSON.stringify(command)), { once: true });
}

function openSocket() {
  const opened = new WebSocket(`ws${location.protocol.slice(4)}//${location.host}/chapter/live`, "barewire-chapter");
  opened.binaryType = "arraybuffer";
  opened.addEventListener("message", (event) => takeAnswer(event.data));
  opened.addEventListener("close", () => {
    if (socket === opened) socket = null;
    const left = [...takers.entries()];
    takers.clear();
    running = 0;
    rejectAsked(pageText("closed"));
    for (const [run, take] of left) take({ kind: "done", run, time: 0, outcome: "failed", why: pageText("closed") });
    for (const job of waiting.splice(0)) job.take({ kind: "done", run: job.run, time: 0, outcome: "stopped", why: "" });
  });
  return opened;
}

function takeAnswer(data) {
  const message = typeof data === "string" ? JSON.parse(data) : data;
  if (message === data || message.kind === "file") {
    asked.shift()?.resolve(message);
    return;
  }
  if (message.kind === "error") {
    const [run, take] = [running, takers.get(running)];
    rejectAsked(message.why);
    endRun(run);
    take?.({ kind: "done", run, time: 0, outcome: "failed", why: message.why });
    return;
  }
  const take = takers.get(message.run);
  if (message.kind === "done") endRun(message.run);
  take?.(message);
}

function rejectAsked(why) {
  for (const { reject } of asked.splice(0)) reject(new Error(why));
}

function endRun(run) {
  takers.delete(run);
  if (run !== running) return;
  running = 0;
  const next = waiting.shift();
  if (next) startJob(next);
  else restUntilIdle();
}

function restUntilIdle() {
  clearTimeout(idleTimer);
  idleTimer = setTimeout(() => {
    if (!running) socket?.close(1000);
  }, document.hidden ? idleAfter / 4 : idleAfter);
}

// Called once: a page that nobody sees keeps no connection.
export function watchVisibility() {
  document.addEventListener("visibilitychange", () => {
    if (socket && !running) restUntilIdle();
  });
}
