// The choice of a case: a section of an RFC, and a case of it.

import { el } from "./words.js";

export class Vectors {
  // `chosen` is called when the reader has chosen a case.
  constructor(chosen) {
    this.sections = [];
    this.section = el("select", { label: "vectors.section", change: () => { this.list(); chosen(); } });
    this.case = el("select", { label: "vectors.case", change: chosen });
    const label = (key, select) => el("label", {}, el("span", { say: key }), select);
    this.node = el("fieldset", { class: "settings vectors" }, el("legend", { say: "vectors.choose" }),
      label("vectors.section", this.section), label("vectors.case", this.case));
    // The list is as long as all the rest of the page, so it comes when it is seen.
    new IntersectionObserver(([{ isIntersecting }], seen) => {
      if (!isIntersecting) return;
      seen.disconnect();
      this.load();
    }).observe(this.node);
  }

  async load() {
    try {
      this.sections = await (await fetch("/chapter/vectors.json")).json();
    } catch { /* Then there is nothing to choose, and the first case is played. */ }
    this.section.replaceChildren(...this.sections.map(({ section, cases }, at) => el("option", { value: String(at), text: `${section} (${cases.length})` })));
    this.list();
  }

  list() {
    const cases = this.sections[Number(this.section.value)]?.cases ?? [];
    this.case.replaceChildren(...cases.map((one) => el("option", { value: String(one.case), text: one.name })));
  }

  read() {
    return this.case.value ? { case: Number(this.case.value) } : {};
  }
}
