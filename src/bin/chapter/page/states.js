// The machine's two states: boxes with the present state marked, one machine for each side.

import { el, stateWords, pageText } from "./words.js";

// The states in the order in which they follow; behind the bar those that a machine is left into.
const machineStates = {
  "http.client": ["Idle", "Body", "Done", "|", "Switched", "Closed", "Failed"],
  "http.server": ["Idle", "Waiting", "Body", "Done", "|", "Switched", "Closed", "Failed"],
  websocket: ["Open", "CloseReceived", "CloseSent", "Closed", "|", "Failed"],
};

// The heads of the two columns, each with its machine.
export class Machines {
  constructor() {
    this.sides = ["client", "server"].map((side) => {
      const address = el("span", { class: "address" });
      const boxes = el("ol", { class: "machine", label: () => pageText(`machine.${side}`) });
      const exits = el("ul", { class: "machine exits", label: () => pageText(`exits.${side}`) });
      const node = el("div", { class: `side ${side}` }, el("p", {}, el("strong", { say: side }), " ", address), boxes, exits);
      return { side, address, boxes, exits, node, machine: "", states: [], boxOf: new Map() };
    });
    this.node = el("div", { class: "machines" }, ...this.sides.map((side) => side.node));
    this.clear();
  }

  clear() {
    for (const side of this.sides) {
      side.machine = "";
      for (const list of [side.boxes, side.exits]) {
        list.replaceChildren();
        list.hidden = true;
      }
      side.address.textContent = "";
    }
  }

  begins(message) {
    for (const side of this.sides) side.address.textContent = message[side.side];
  }

  take(message) {
    for (const side of this.sides) this.move(side, message.machine, message[side.side]);
  }

  move(side, machine, state) {
    if (side.machine !== machine) {
      side.machine = machine;
      side.boxOf.clear();
      for (const list of [side.boxes, side.exits]) {
        list.replaceChildren();
        list.hidden = false;
      }
      let isExit = false;
      for (const name of machineStates[`${machine}.${side.side}`] ?? machineStates[machine] ?? []) {
        if (name === "|") isExit = true;
        else this.add(side, name, isExit);
      }
    }
    if (!state) return;
    if (!side.boxOf.has(state)) this.add(side, state, false);
    for (const [name, box] of side.boxOf) {
      if (name === state) box.setAttribute("aria-current", "step");
      else box.removeAttribute("aria-current");
    }
    const box = side.boxOf.get(state);
    box.classList.add("passed");
  }

  add(side, name, isExit) {
    const box = el("li", {}, el("span", { say: () => stateWords(side.machine, name) }));
    side.boxOf.set(name, box);
    (isExit ? side.exits : side.boxes).append(box);
  }
}
