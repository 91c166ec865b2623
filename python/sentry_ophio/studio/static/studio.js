// The page of `sentry-ophio studio`.
//
//     key --> DEBOUNCE --> POST edit --> problems, event, preview, issues, as they come
//
// A newer edit aborts the older request, and answers of older edits are dropped. All texts of
// events and rules are put on the page by `textContent`; the policy of the page allows nothing else.

import {
  Compartment, EditorState, EditorView, defaultKeymap, drawSelection, highlightActiveLine,
  highlightActiveLineGutter, highlightSelectionMatches, highlightSpecialChars, history,
  historyKeymap, keymap, lineNumbers, lintGutter, lintKeymap, search, searchKeymap, setDiagnostics,
} from "./codemirror.js";
import { fingerprints, highlighting, rules } from "./rules.js";

const DEBOUNCE = 80;
const POLL = 1000;
const LANGUAGES = { rules, fingerprints };
const TITLES = { rules: "stack trace rules", fingerprints: "fingerprint rules" };
const SIDES = ["saved", "edited"];

const by = (id) => document.getElementById(id);
const nonce = document.querySelector("script[data-nonce]").dataset.nonce;
const page = crypto.randomUUID();

// --- elements -------------------------------------------------------------------------

function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name.includes("-") || name === "role") element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...children.filter((each) => each !== null));
  return element;
}

const button = (text, onclick, properties = {}) =>
  make("button", { type: "button", onclick, ...properties }, text);
const number = (value) => value.toLocaleString("en");
const many = (value, word) => `${number(value)} ${word}${value === 1 ? "" : "s"}`;

function word(value) {
  if (value === true) return make("span", { className: "yes" }, "yes");
  if (value === false) return make("span", { className: "no" }, "no");
  if (value === null || value === undefined) return make("span", { className: "dim" }, "-");
  return make("span", {}, String(value));
}

// --- files ----------------------------------------------------------------------------

// By kind: name, saved text, version on disk, the number of lines before the text, why it cannot be
// saved, the state of the editor, and its problems.
const files = {};
let kind = null;
let view = null;
let events = 0;
let chosen = 0;

const textOf = (each) => (each === kind ? view.state : files[each].state).doc.toString();
const isChanged = (each) => textOf(each) !== files[each].saved;

const language = new Compartment();
const numbering = new Compartment();
// The lines of the file, of which the text may be a part.
const numbers = (firstLine) => lineNumbers({ formatNumber: (line) => String(line + firstLine) });

function stateOf(each, text) {
  return EditorState.create({
    doc: text,
    extensions: [
      EditorState.lineSeparator.of("\n"),
      EditorView.cspNonce.of(nonce),
      numbering.of(numbers(files[each].firstLine)), highlightActiveLineGutter(), highlightSpecialChars(), history(),
      drawSelection(), highlightActiveLine(), highlightSelectionMatches(),
      search({ top: true }), lintGutter(), language.of(LANGUAGES[each]), highlighting, theme,
      EditorView.contentAttributes.of({ "aria-label": TITLES[each], spellcheck: "false" }),
      keymap.of([
        { key: "Mod-s", run: () => { save(); return true; }, preventDefault: true },
        ...defaultKeymap, ...searchKeymap, ...historyKeymap, ...lintKeymap,
      ]),
      EditorView.updateListener.of((update) => {
        if (update.docChanged) edited();
      }),
    ],
  });
}

const theme = EditorView.theme({
  "&": { color: "var(--text)", backgroundColor: "var(--back)", fontSize: "13px" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "ui-monospace, monospace" },
  ".cm-content": { caretColor: "var(--text)" },
  ".cm-cursor": { borderLeftColor: "var(--text)" },
  ".cm-gutters": { backgroundColor: "var(--bar)", color: "var(--dim)", border: "0" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "color-mix(in srgb, var(--focus) 9%, transparent)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    backgroundColor: "color-mix(in srgb, var(--focus) 30%, transparent)",
  },
  ".cm-panels, .cm-tooltip": { backgroundColor: "var(--bar)", color: "var(--text)" },
  ".cm-tooltip": { border: "1px solid var(--line)" },
});

function show(each) {
  if (view !== null && kind !== null) files[kind].state = view.state;
  kind = each;
  if (view === null) view = new EditorView({ state: files[each].state, parent: by("editor") });
  else view.setState(files[each].state);
  tabs();
  showProblems();
  view.focus();
}

function tabs() {
  by("tabs").replaceChildren(
    ...Object.keys(files).map((each) =>
      button(`${files[each].name}${isChanged(each) ? " •" : ""}`, () => show(each), {
        role: "tab",
        "aria-selected": String(each === kind),
        title: TITLES[each],
      })
    )
  );
  by("save").disabled = !isChanged(kind) || files[kind].readOnly !== null;
  by("note").hidden = files[kind].readOnly === null;
  by("note").textContent = `${files[kind].name}: ${files[kind].readOnly}`;
  document.title = `${Object.keys(files).some(isChanged) ? "• " : ""}${files[kind].name} - studio`;
}

function say(text) {
  by("status").textContent = text;
}

async function ask(path, body) {
  const options = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
  try {
    const response = await fetch(path, options);
    const found = { status: response.status, ...(await response.json()) };
    lost(false);
    return found;
  } catch {
    lost(true);
    return { status: 0, error: "the server does not answer" };
  }
}

// The text is only on the page then, so it says what to do.
function lost(isLost) {
  by("lost").hidden = !isLost;
  by("right").classList.toggle("stale", isLost);
  if (isLost) by("time").textContent = "";
}

let saving = false;

async function save() {
  if (saving || !isChanged(kind) || files[kind].readOnly !== null) return;
  if (files[kind].conflict) {
    say("not saved: choose first which text to keep");
    return;
  }
  saving = true;
  const each = kind;
  const text = textOf(each);
  const found = await ask("save", { kind: each, text, version: files[each].version });
  saving = false;
  if (found.status === 200) {
    Object.assign(files[each], { saved: text, version: found.version });
    await ask("state"); // edits are compared with the new text from now on
    say(`${files[each].name}: saved`);
    tabs();
    request();
  } else if (found.status === 409) {
    conflict(each, found.version);
  } else {
    say(`not saved: ${found.error}`);
  }
}

// Another program wrote the file. Nothing is replaced before the user has chosen.
function conflict(each, version) {
  const file = files[each];
  if (file.conflict === version) return;
  file.conflict = version;
  const gone = version === "";
  by("notice").replaceChildren(
    `${file.name} was ${gone ? "removed" : "changed"} by another program, and you have edited it.`,
    ...(gone ? [] : [button("Take its text", () => take(each))]),
    button("Keep mine", () => {
      file.version = version;
      settle(each);
      say(`the next save replaces ${file.name}`);
    })
  );
  by("notice").hidden = false;
  say(`${file.name} has changed on disk`);
}

function settle(each) {
  files[each].conflict = null;
  const other = Object.keys(files).find((one) => files[one].conflict);
  by("notice").hidden = other === undefined;
  if (other !== undefined) {
    const version = files[other].conflict;
    files[other].conflict = null;
    conflict(other, version);
  }
}

// Keeps what the server says of a file.
function adopt(each, { text, version, first_line, read_only }) {
  const moved = files[each].firstLine !== first_line;
  Object.assign(files[each], {
    saved: text, version, firstLine: first_line, readOnly: read_only,
  });
  if (!moved || !files[each].state) return;
  const change = { effects: numbering.reconfigure(numbers(first_line)) };
  if (each === kind) {
    view.dispatch(change);
    showProblems();
  } else {
    files[each].state = files[each].state.update(change).state;
  }
}

// Another program wrote the file. Its rules may be the same: of a Terraform file they are a part.
async function changed(each) {
  const found = await ask("state");
  if (found.status === 200 && found.files[each].text === files[each].saved) {
    adopt(each, found.files[each]);
    settle(each);
  } else if (found.status === 200) {
    conflict(each, found.files[each].version);
  } else {
    say(found.error);
  }
}

async function take(each) {
  const found = await ask("state");
  if (found.status !== 200) {
    say(found.error);
    return;
  }
  const { text } = found.files[each];
  adopt(each, found.files[each]);
  settle(each);
  if (each !== kind) show(each);
  view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } });
  say(`${files[each].name}: read again`);
  edited();
}

async function poll() {
  if (!document.hidden) {
    const found = await ask("versions");
    if (found.status === 200) {
      for (const each of Object.keys(files)) {
        if (saving || found[each] === files[each].version) continue;
        if (found[each] === "") conflict(each, "");
        else if (isChanged(each)) await changed(each);
        else await take(each);
      }
    }
  }
  setTimeout(poll, POLL);
}

// --- edits ----------------------------------------------------------------------------

let timer = null;
let newest = 0;
let running = null;

function edited() {
  tabs();
  clearTimeout(timer);
  timer = setTimeout(request, DEBOUNCE);
}

async function request() {
  running?.abort();
  running = new AbortController();
  const mine = ++newest;
  const began = performance.now();
  const body = { page, number: mine, event: chosen };
  for (const each of Object.keys(files)) body[each] = textOf(each);
  by("time").textContent = "…";
  try {
    const response = await fetch("edit", {
      method: "POST",
      body: JSON.stringify(body),
      signal: running.signal,
    });
    if (!response.ok) throw new Error((await response.json()).error);
    for await (const answer of linesOf(response)) {
      if (mine !== newest) return;
      answers[answer.kind]?.(answer);
    }
    if (mine === newest) {
      document.body.dataset.answered = String(mine);
      by("time").textContent = `${number(Math.round(performance.now() - began))} ms`;
    }
  } catch (error) {
    if (error.name === "AbortError" || mine !== newest) return;
    if (error instanceof TypeError) lost(true);
    else say(`no answer: ${error.message}`);
  }
}

async function* linesOf(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    for (const line of lines) yield JSON.parse(line);
  }
}

const answers = {
  problems(answer) {
    for (const each of Object.keys(files)) files[each].problems = answer[each];
    showProblems();
  },
  event(answer) {
    showEvent(answer);
  },
  preview(answer) {
    stale(answer);
    showPreview(answer);
  },
  issues: showIssues,
  failed(answer) {
    throw new Error(answer.error);
  },
};

function stale({ stale: edited, saved_stale: saved }) {
  const have = (kinds) =>
    `${kinds.map((each) => files[each].name).join(" and ")} ${kinds.length > 1 ? "have" : "has"} errors`;
  const said = [];
  if (edited.length) said.push(`${have(edited)}: this is for the last text without errors.`);
  if (saved.length) said.push(`As saved, ${have(saved)}: edits are compared with no rules.`);
  by("right").classList.toggle("stale", edited.length > 0);
  by("stale").hidden = said.length === 0;
  by("stale").textContent = said.join(" ");
}

function showProblems() {
  const problems = files[kind].problems ?? [];
  const { doc } = view.state;
  const placed = problems
    .filter(({ line }) => line <= doc.lines)
    .map((each) => {
      const line = doc.line(each.line);
      const at = (column) => Math.min(line.from + column, line.to);
      const { suggestion } = each;
      return {
        from: at(each.start),
        to: at(each.end),
        severity: each.severity,
        message: `${each.message}${each.code ? ` [${each.code}]` : ""}`,
        actions: suggestion === null ? [] : [{
          name: `Replace by ${suggestion}`,
          apply: (editor, from, to) => editor.dispatch({ changes: { from, to, insert: suggestion } }),
        }],
        line: each.line,
        suggestion,
      };
    });
  view.dispatch(setDiagnostics(view.state, placed));
  by("problems").replaceChildren(
    ...placed.slice(0, 200).map((each) =>
      make("li", {}, button("", () => {
        view.dispatch({ selection: { anchor: each.from, head: each.to }, scrollIntoView: true });
        view.focus();
      }, {}))
    )
  );
  by("problems").querySelectorAll("button").forEach((element, index) => {
    const each = placed[index];
    element.append(
      make("span", { className: each.severity }, each.severity),
      ` ${each.line + files[kind].firstLine}: ${each.message}`,
      each.suggestion === null ? "" : make("span", { className: "dim" }, ` - did you mean ${each.suggestion}?`)
    );
  });
}

// --- one event ------------------------------------------------------------------------

const opened = new Set();

function choose(which) {
  chosen = Math.min(Math.max(which, 0), events - 1);
  opened.clear();
  by("found").hidden = true;
  request();
}

const eventLink = ({ number: which, name, title }) =>
  button(title ? `${name}: ${title}` : name, () => choose(which), { className: "link" });

function stepList(heading, steps) {
  const items = steps.map(({ text, changed }) =>
    make("li", { className: changed ? "" : "dim" }, text));
  return make("div", {}, heading, make("ul", {},
    ...(items.length ? items : [make("li", { className: "dim" }, "no rule")])));
}

function showEvent(answer) {
  by("earlier").disabled = answer.number === 0;
  by("later").disabled = answer.number >= events - 1;
  const parts = [
    make("h3", {}, `${number(answer.number + 1)} of ${number(events)}: ${answer.name}`),
    make("div", { className: "dim" }, answer.title),
  ];
  if (answer.fingerprints) {
    const [before, after] = answer.fingerprints;
    const moved = JSON.stringify(before.parts) !== JSON.stringify(after.parts);
    parts.push(make("table", { className: "fingerprint" }, make("tbody", {},
      ...answer.fingerprints.map((each, side) => make("tr", { className: moved && side ? "changed" : "" },
        make("th", { scope: "row" }, `fingerprint, ${SIDES[side]}`),
        make("td", {}, each.parts.join(", ")),
        make("td", { className: "dim" }, each.rule ?? "no rule"))))));
  }
  for (const trace of answer.traces) parts.push(...traceParts(trace));
  if (!answer.traces.length) parts.push(make("p", { className: "dim" }, "It has no stack trace."));
  if (answer.more) parts.push(make("p", { className: "dim" }, `and ${many(answer.more, "more stack trace")}`));
  by("event").replaceChildren(...parts);
}

// What an explanation says of a frame, in the words of the command line.
const COLUMNS = {
  in_app: "in-app", category: "category", contributes: "counts: app", system: "counts: system",
};

function traceParts(trace) {
  const names = Object.keys(COLUMNS);
  const differ = (frame) => names.some((name) => frame.sides[0][name] !== frame.sides[1][name]);
  const rows = trace.frames.flatMap((frame) => {
    const key = `${trace.place} ${frame.number}`;
    const details = make("tr", { className: "steps", hidden: !opened.has(key) },
      make("td", {}), make("td", { colSpan: names.length + 2 },
        ...frame.steps.map((each, side) => stepList(`${SIDES[side]} rules`, each))));
    const toggle = button(frame.function, () => {
      details.hidden = !details.hidden;
      toggle.setAttribute("aria-expanded", String(!details.hidden));
      if (details.hidden) opened.delete(key);
      else opened.add(key);
    }, { className: "toggle", "aria-expanded": String(opened.has(key)) });
    const cells = names.map((name) => {
      const [before, after] = frame.sides.map((side) => side[name]);
      return make("td", {}, ...(before === after ? [word(after)] : [word(before), " → ", word(after)]));
    });
    return [
      make("tr", { className: differ(frame) ? "frame changed" : "frame" },
        make("td", { className: "dim" }, String(frame.number)),
        make("td", {}, toggle, frame.repeats
          ? make("div", { className: "dim" }, "repeats the frame before it") : null),
        make("td", { className: "dim" }, frame.location), ...cells),
      details,
    ];
  });
  const [before, after] = trace.facts;
  const steps = trace.steps[0].length + trace.steps[1].length
    ? trace.steps.map((each, side) => stepList(`${SIDES[side]} rules`, each)) : [];
  return [
    make("h3", {}, trace.place),
    make("p", { className: "dim" }, before === after ? `The stack trace ${after}.`
      : `The stack trace: ${before} → ${after}.`),
    ...steps,
    make("table", {},
      make("thead", {}, make("tr", {}, ...["#", "function", "place",
        ...Object.values(COLUMNS)].map((each) =>
        make("th", { scope: "col" }, each)))),
      make("tbody", {}, ...rows)),
    trace.more ? make("p", { className: "dim" }, `and ${many(trace.more, "more frame")}`) : "",
  ];
}

let searching = 0;

async function find() {
  const wanted = by("search").value;
  const mine = ++searching;
  const found = await ask(`events?q=${encodeURIComponent(wanted)}`);
  if (mine !== searching || found.status !== 200) return;
  by("found").hidden = false;
  by("found").replaceChildren(
    ...found.events.map((each) => make("li", {}, eventLink(each))),
    ...(found.found > found.events.length
      ? [make("li", { className: "dim" }, `and ${many(found.found - found.events.length, "more event")}`)]
      : []),
    ...(found.found ? [] : [make("li", { className: "dim" }, "no event")])
  );
}

// --- all events -----------------------------------------------------------------------

// One line above all, because the lists below may be out of sight.
const summary = {};

function summarize(part, text) {
  summary[part] = text;
  by("summary").replaceChildren(
    ...Object.keys(summary).flatMap((each) => [
      button(summary[each], () => by(`${each}-heading`).scrollIntoView(), { className: "link" }), " ",
    ])
  );
}

function showPreview(answer) {
  summarize("preview", answer.changed
    ? `${many(answer.changed, "stack trace")} change in ${many(answer.events, "event")}.`
    : "No stack trace changes.");
  by("preview").replaceChildren(
    make("p", {}, answer.changed
      ? `${number(answer.changed)} of ${many(answer.stacktraces, "stack trace")} change, in ${many(answer.events, "event")}.`
      : `No change in ${many(answer.stacktraces, "stack trace")}.`),
    make("pre", {}, answer.lines.join("\n")),
    answer.examples.length
      ? make("ul", { className: "list", "aria-label": "Events that change" },
        ...answer.examples.map((each) => make("li", {}, eventLink(each))))
      : ""
  );
}

const issueText = ({ key, fingerprint, title, events: count }) =>
  `${key}  ${fingerprint}  (${many(count, "event")})${title ? `  ${title}` : ""}`;

function showIssues(answer) {
  summarize("issues", answer.moved
    ? `${many(answer.moved, "event")} move to another issue.` : "No event moves to another issue.");
  by("issues").replaceChildren(
    make("p", {}, `${many(answer.before, "issue")} before, ${number(answer.after)} after; ` +
      `${number(answer.moved)} of ${many(answer.events, "event")} move to another issue.`),
    make("pre", {}, answer.lines.join("\n")),
    ...answer.changes.map((change) => make("div", { className: "change" },
      make("span", { className: "kind" }, change.kind), ` ${change.text}`,
      make("div", {}, `${change.is_merge ? "after" : "before"}: ${issueText(change.issue)}`),
      make("ul", {},
        ...change.parts.map((part) => make("li", {},
          `${change.is_merge ? "before" : "after"}: ${issueText(part.issue)}, ` +
            `${many(part.events, "event")} ${part.moves ? "of it" : "stay"}`,
          ...part.rules.map((each) => make("div", { className: "dim" }, each)),
          make("div", {}, ...part.examples.flatMap((each) => [eventLink(each), " "])))),
        ...(change.more ? [make("li", { className: "dim" }, `and ${many(change.more, "smaller part")}`)] : [])))),
    answer.more ? make("p", { className: "dim" }, `and ${many(answer.more, "smaller change")}`) : ""
  );
}

// --- the start ------------------------------------------------------------------------

by("save").addEventListener("click", save);
by("earlier").addEventListener("click", () => choose(chosen - 1));
by("later").addEventListener("click", () => choose(chosen + 1));
by("search").addEventListener("input", find);
by("search").addEventListener("keydown", (event) => {
  if (event.key === "Escape") by("found").hidden = true;
});
addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key === "s" && !event.defaultPrevented) {
    event.preventDefault();
    save();
  }
});
addEventListener("beforeunload", (event) => {
  if (Object.keys(files).some(isChanged)) event.preventDefault();
});

async function start() {
  const found = await ask("state");
  if (found.status !== 200) {
    say(found.error);
    return;
  }
  events = found.events;
  for (const [each, file] of Object.entries(found.files)) {
    files[each] = { name: file.name, conflict: null, problems: [] };
    adopt(each, file);
    files[each].state = stateOf(each, file.text);
  }
  show(Object.keys(files)[0]);
  request();
  setTimeout(poll, POLL);
}

start();
