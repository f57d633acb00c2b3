// What the reader expects, before the bytes are shown; and what to try behind them.

import { el, exchangeText, pageText, say } from "./words.js";

// The question with its choices, and the answer, which waits until the exchange has been played.
export class Prediction {
  constructor(exchange) {
    this.exchange = exchange;
    this.chosen = -1;
    this.isPlayed = false;
    this.verdict = el("p", { class: "verdict" });
    this.because = el("p", { hidden: true, say: () => exchangeText(exchange, "because") ?? "" });
    this.answer = el("div", { class: "answer", hidden: true, role: "status" }, this.verdict, this.because);
    this.choices = el("div", {});
    this.hint = el("p", { class: "faint", hidden: true, say: "answer.choose" });
    this.question = el("fieldset", { class: "predict" }, el("legend", { say: () => exchangeText(exchange, "question") ?? "" }), this.choices, this.hint);
    this.drawChoices();
  }

  // The number of choices is the same in both languages.
  drawChoices() {
    const name = `predict-${this.exchange.id}`;
    const choices = exchangeText(this.exchange, "choices") ?? [];
    this.choices.replaceChildren(...choices.map((_, at) => {
      const words = () => exchangeText(this.exchange, "choices")?.[at] ?? "";
      const change = () => {
        this.chosen = at;
        if (this.isPlayed) this.reveal();
        else this.remind();
      };
      return el("label", {}, el("input", { type: "radio", name, value: String(at), change }), el("span", { say: words }));
    }));
    this.question.hidden = !exchangeText(this.exchange, "question");
  }

  // It has been played. What a reader has neither asked for nor predicted is not answered yet.
  played(isAsked) {
    this.isPlayed = true;
    if (isAsked || this.chosen >= 0) this.reveal();
    else this.hint.hidden = false;
  }

  // A choice without a run: the page says what comes next.
  remind() {
    this.answer.hidden = false;
    say(this.verdict, "answer.run");
  }

  reveal() {
    const right = exchangeText(this.exchange, "answer");
    if (right === undefined) return;
    this.answer.hidden = this.because.hidden = false;
    this.hint.hidden = true;
    const words = () => exchangeText(this.exchange, "choices")?.[right] ?? "";
    const key = this.chosen < 0 ? "answer.is" : this.chosen === right ? "answer.right" : "answer.other";
    this.verdict.className = `verdict ${this.chosen === right ? "right" : ""}`;
    say(this.verdict, () => pageText(key, { answer: words() }));
    [...this.choices.children].forEach((label, at) => label.classList.toggle("right", at === right && this.chosen >= 0));
  }
}

// What to try: a sentence, and lines for a terminal.
export function tryNode(exchange) {
  const node = el("div", { class: "try" });
  if (exchangeText(exchange, "try")) node.append(el("h4", { say: "try" }), el("p", { say: () => exchangeText(exchange, "try") ?? "" }));
  if (exchange.commands?.length) node.append(el("h4", { say: "commands" }), ...exchange.commands.map(({ text }) => commandNode(text)));
  return node;
}

function commandNode(text) {
  const code = el("code", { text });
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      say(button, "copied");
    } catch {
      getSelection().selectAllChildren(code);
    }
  };
  const button = el("button", { type: "button", class: "quiet", click: copy, say: "copy" });
  return el("div", { class: "command" }, el("pre", { tabindex: "0", label: "command" }, code), button);
}
