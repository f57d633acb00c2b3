// The machine's two states: boxes with the present state marked, one machine for each side.

import { el, say, stateWords, pageText } from "./words.js";

// The states in the order in which they follow; behind the bar those that a machine is left into.
const machineStates = {
  "http.client": "Idle Body Done | Switched Closed Failed",
  "http.server": "Idle Waiting Body Done | Switched Closed Failed",
  "tls.client": "START WAIT_SH WAIT_EE WAIT_FINISHED CONNECTED | FAILED",
  "tls.server": "START RECVD_CH NEGOTIATED WAIT_FLIGHT2 CONNECTED | FAILED",
  websocket: "Open CloseReceived CloseSent Closed | Failed",
};

// The heads of the two columns, each with its machine.
export class Machines {
  constructor() {
    this.sides = ["client", "server"].map((side) => {
      const address = el("span", { class: "address" });
      const boxes = el("ol", { class: "machine", label: () => pageText(`machine.${side}`) });
      const exits = el("ul", { class: "machine exits", label: () => pageText(`exits.${side}`) });
      const node = el("div", { class: `side ${side}` }, el("div", { class: "who" }, el("strong", { say: side }), address, exits), boxes);
      return { side, address, boxes, exits, node, machine: "", boxOf: new Map() };
    });
    this.node = el("div", { class: "machines" }, ...this.sides.map((side) => side.node));
    this.clear();
  }

  clear() {
    for (const side of this.sides) {
      this.show(side, "");
      side.address.textContent = "";
    }
  }

  begins(message) {
    for (const side of this.sides) side.address.textContent = message[side.side];
  }

  take(message) {
    for (const side of this.sides) {
      if (side.machine !== message.machine) this.show(side, message.machine);
      this.move(side, message[side.side]);
    }
  }

  // Shows a machine that is in no state yet.
  show(side, machine) {
    side.machine = machine;
    side.boxOf.clear();
    side.boxes.replaceChildren();
    side.exits.replaceChildren();
    const [states, exits] = (machineStates[`${machine}.${side.side}`] ?? machineStates[machine] ?? "").split(" | ");
    for (const name of states.split(" ").filter(Boolean)) this.add(side, side.boxes, name);
    for (const name of exits?.split(" ") ?? []) this.add(side, side.exits, name);
    side.exits.hidden = !exits;
    side.boxes.hidden = !machine;
  }

  move(side, state) {
    if (!state) return;
    if (!side.boxOf.has(state)) this.add(side, side.boxes, state);
    for (const box of side.boxOf.values()) box.removeAttribute("aria-current");
    let box = side.boxOf.get(state);
    box.setAttribute("aria-current", "step");
    side.boxes.firstChild.classList.add("passed");
    // A handshake of TLS is sealed in part: nobody sees some of the steps, and none is left out.
    for (const isAll = side.machine === "tls"; box; box = isAll && box.previousSibling) box.classList.add("passed");
    for (const [name, { firstChild }] of side.boxOf) this.sayTitle(side, name, firstChild);
  }

  add(side, list, name) {
    const words = el("span", { say: () => stateWords(side.machine, name) });
    const box = el("li", {}, words);
    side.boxOf.set(name, box);
    list.append(box);
    this.sayTitle(side, name, words);
  }

  // What the look of a box means.
  sayTitle(side, name, words) {
    const box = words.parentNode;
    const key = box.hasAttribute("aria-current") ? "state.now" : box.classList.contains("passed") ? "state.passed" : "state.ahead";
    say(words, () => pageText(key, { state: stateWords(side.machine, name) }), "title");
  }
}
