// Highlights the two rule languages. A line is a rule, so nothing but `state.after` (what comes
// after the matchers) is kept, and that only to the end of the line.

import { HighlightStyle, StreamLanguage, syntaxHighlighting, tags } from "./codemirror.js";

function matcher(stream, state) {
  if (stream.match(/^!?("[^"]*"|[\w.-]+):/)) {
    state.argument = true;
    return "propertyName";
  }
  return null;
}

function argument(stream, state) {
  state.argument = false;
  if (!stream.match(/^"([^"\\]|\\.)*"/)) stream.match(/^\S+/);
  return "string";
}

// `start` is the part that both languages share; `rest` is what comes after the matchers.
function language(name, rest) {
  return StreamLanguage.define({
    name,
    startState: () => ({ argument: false, after: false }),
    languageData: { commentTokens: { line: "#" } },
    token(stream, state) {
      if (stream.sol()) {
        state.argument = false;
        state.after = false;
      }
      if (state.argument) return argument(stream, state);
      if (stream.eatSpace()) return null;
      if (stream.peek() === "#") {
        stream.skipToEnd();
        return "comment";
      }
      const found = rest(stream, state);
      if (found !== undefined) return found;
      const name = state.after ? null : matcher(stream, state);
      if (name !== null) return name;
      if (stream.match(/^[[\]|]/)) return "bracket";
      stream.next();
      return null;
    },
  });
}

export const rules = language("rules", (stream, state) => {
  if (stream.match(/^[\^v]?[+-][\w-]+/)) {
    state.after = true;
    return "keyword";
  }
  if (stream.match(/^[a-z-]+(?=\s*=)/)) {
    state.after = true;
    return "keyword";
  }
  if (state.after && stream.match(/^=\s*/)) return "operator";
  if (state.after && stream.match(/^[\w.-]+/)) return "atom";
  return undefined;
});

export const fingerprints = language("fingerprints", (stream, state) => {
  if (stream.match("->")) {
    state.after = true;
    return "operator";
  }
  if (!state.after) return undefined;
  if (stream.match(/^\{\{.*?\}\}/)) return "atom";
  if (stream.match(/^\w+(?==)/)) return "keyword";
  if (stream.match(/^"([^"\\]|\\.)*"/)) return "string";
  if (stream.match(/^[^\s,{="#]+/)) return "string";
  return undefined;
});

const colour = (name) => ({ color: `var(--${name})` });
export const highlighting = syntaxHighlighting(
  HighlightStyle.define([
    { tag: tags.propertyName, ...colour("matcher") },
    { tag: tags.string, ...colour("string") },
    { tag: tags.keyword, ...colour("action"), fontWeight: "600" },
    { tag: tags.operator, ...colour("action") },
    { tag: tags.atom, ...colour("action") },
    { tag: tags.bracket, ...colour("dim") },
    { tag: tags.comment, ...colour("comment"), fontStyle: "italic" },
  ])
);
