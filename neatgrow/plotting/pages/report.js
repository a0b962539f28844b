// The rest of a report's moving parts: genes as text, the growth slider, the player of an
// episode. It follows report_graph.js in the same script.

// --------------------------------------------------------------------------- genes as text

function describe(graph, box, values) {
  box.replaceChildren();
  if (!graph.at) {
    box.append(element("p", {}, "Point at a node or a connection. Click the graph, then scroll "
      + "to zoom."), element("p", {}, "With the keyboard: Tab, then arrows from node to node, N and "
      + "P from connection to connection, Enter to keep one in view, Shift and arrows to move a "
      + "node, + − 0 to zoom."));
    return;
  }
  const [kind, index] = graph.at;
  if (kind === "node") describeNode(graph, box, index, values);
  else describeWire(graph, box, index);
  if (graph.pinned) box.append(element("p", {}, "Kept in view. Escape or a click lets go."));
}

function facts(rows) {
  return element("dl", {}, ...rows.flatMap(([name, value]) =>
    [element("dt", {}, name), element("dd", {}, value)]));
}

function told(gene) {
  return typeof gene === "number" ? number(gene) : gene;
}

function describeNode(graph, box, n, values) {
  const row = graph.nodeGenes[n];
  const rows = Object.entries(graph.genes(n))
    .map(([name, value]) => [name, told(value)]);
  if (row) rows.push(["born in generation", String(row[2])]);
  if (values) rows.unshift(["value", number(values[n])]);
  box.append(element("h3", {}, `${graph.name(n)} – ${graph.word(n)}`), facts(rows));
  if (!graph.isLive[n]) box.append(element("p", {}, "It takes no part in any answer."));
  if (row && !graph.data.stages.at(-1).nodes.some((other) => other[0] === n)) {
    box.append(element("p", {}, "The champion has lost it."));
  }
  for (const [word, here, other] of [["from", "to", "from"], ["to", "from", "to"]]) {
    const wires = graph.incident[n]
      .filter((w) => graph.isVisible(w) && graph.data.wires[w][here] === n)
      .sort((a, b) => Math.abs(graph.wireGenes[b][3]) - Math.abs(graph.wireGenes[a][3]));
    if (!wires.length) continue;
    const list = wires.slice(0, 6).map((w) => element("li", {},
      element("span", {}, graph.name(graph.data.wires[w][other])),
      element("span", {}, signed(graph.wireGenes[w][3]))));
    if (wires.length > 6) list.push(element("li", {}, `and ${wires.length - 6} more`));
    box.append(element("h4", {}, word), element("ul", {}, ...list));
  }
}

function describeWire(graph, box, w) {
  const { from, to, innovation } = graph.data.wires[w];
  const [, flags, born, ...genes] = graph.wireGenes[w];
  const rows = graph.data.wire_genes.map((name, k) =>
    [name, name === "weight" ? signed(genes[k]) : told(genes[k])]);
  rows.push(["enabled", flags & ENABLED ? "yes" : "no"]);
  if (flags & LIVE) rows.push(["delayed", flags & DELAYED ? "by one tick" : "no"]);
  rows.push(["born in generation", String(born)], ["innovation", innovation]);
  box.append(element("h3", {}, `${graph.name(from)} → ${graph.name(to)}`), facts(rows));
  if (flags & ENABLED && !(flags & LIVE)) {
    box.append(element("p", {}, "It leads nowhere, so it takes no part in any answer."));
  }
}

function table(header, rows, label) {
  return element("div", { class: "table", tabindex: "0", role: "region", "aria-label": label },
    element("table", {},
      element("thead", {}, element("tr", {},
        ...header.map((text) => element("th", { scope: "col" }, text)))),
      element("tbody", {}, ...rows.map((row) =>
        element("tr", {}, ...row.map((text) => element("td", {}, text)))))));
}

function geneTables(graph) {
  const nodes = graph.stage.nodes.map(([n, live, born, ...genes]) => [
    graph.name(n), graph.word(n), ...genes.map(told),
    String(born), live ? "yes" : "no",
  ]);
  const wires = graph.stage.wires.map(([w, flags, born, ...genes]) => [
    `${graph.name(graph.data.wires[w].from)} → ${graph.name(graph.data.wires[w].to)}`,
    ...genes.map(told), flags & ENABLED ? "yes" : "no",
    flags & LIVE ? (flags & DELAYED ? "by one tick" : "no") : "–", String(born),
    graph.data.wires[w].innovation,
  ]);
  return [
    table(["node", "kind", ...graph.data.node_genes, "born", "in use"], nodes, "Node genes"),
    table(["connection", ...graph.data.wire_genes, "enabled", "delayed", "born", "innovation"],
      wires, "Connection genes"),
  ];
}

// ------------------------------------------------------------------------------------ key

// What colours and lines mean.
function keyOf(graph) {
  const box = element("div", { class: "key", "aria-hidden": "true" });
  const add = (name, settings, text) => {
    const svg = shape("svg", { width: 34, height: 14 });
    shape(name, settings, svg);
    box.append(element("span", {}, svg, text));
  };
  const line = (stroke, width, text, dash = null) =>
    add("path", { d: "M1 7H33", stroke, "stroke-width": width, "stroke-dasharray": dash }, text);
  const dot = (fill, stroke, text) => add("circle", { cx: 17, cy: 7, r: 6, fill, stroke }, text);
  const { strongest } = graph.data.strokes;
  const flags = graph.stage.wires.map((row) => row[1]);
  if (strongest) {
    line("var(--positive)", 3.6, `+${number(strongest, 2)}`);
    line("var(--positive)", 1.6, `+${number(strongest / 5, 2)}`);
    line("var(--negative)", 3.6, `−${number(strongest, 2)}`);
  }
  if (flags.some((f) => f & DELAYED)) line("var(--quiet)", 2, "delayed by one tick", "6 4");
  if (flags.some((f) => !(f & LIVE))) line("var(--quiet)", 1.3, "disabled", "1.5 3.5");
  dot("var(--input)", "var(--quiet)", "input");
  if (graph.data.nodes.length > graph.data.inputs + graph.data.outputs) {
    dot("var(--surface)", "var(--ink)", "hidden");
  }
  dot("var(--output)", "var(--ink)", "output");
  for (const dynamics of Object.values(graph.data.dynamics)) {
    const d = `M6 0A6 6 0 1 0 -6 0A6 6 0 1 0 6 0${markPath(dynamics, 6)}`;
    add("path", { d, transform: "translate(17 7)", fill: "none", stroke: "var(--ink)" }, dynamics.words);
  }
  return box;
}

// --------------------------------------------------------------------------------- player

// A slider with a button that moves it.
class Player {
  constructor(bar, { name, count: total, rate, show, text }) {
    Object.assign(this, { show, text });
    const pick = () => { this.stop(); this.go(Number(this.range.value)); };
    this.button = element("button", { type: "button", class: "play", onclick: () => this.toggle() });
    this.range = element("input", { type: "range", min: 0, "aria-label": name, oninput: pick });
    this.said = element("output");
    bar.append(this.button, this.range, this.said);
    this.resize(total, rate);
  }

  resize(total, rate) {
    this.stop();
    Object.assign(this, { total, rate });
    this.range.max = total - 1;
  }

  go(k) {
    this.at = clamp(k, 0, this.total - 1);
    this.range.value = String(this.at);
    this.show(this.at);
    const text = this.text(this.at);
    this.said.textContent = text;
    this.range.setAttribute("aria-valuetext", text);
  }

  toggle() {
    if (this.playing) return this.stop();
    if (this.at >= this.total - 1) this.go(0);
    this.playing = true;
    this.button.textContent = "Pause";
    const start = performance.now(), from = this.at;
    const step = (now) => {
      if (!this.playing) return;
      const k = Math.min(from + Math.floor(((now - start) / 1000) * this.rate), this.total - 1);
      if (k > this.at) this.go(k);
      if (k === this.total - 1) this.stop();
      else requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
    return undefined;
  }

  stop() {
    this.playing = false;
    this.button.textContent = "Play";
  }
}

// ---------------------------------------------------------------------------- the champion

const GRAPHS = [];

function champion() {
  const box = document.getElementById("graph"), data = DATA.network;
  if (!box || !data) return;
  const canvas = element("div", { class: "canvas" });
  const panel = element("div", { class: "genes", "aria-live": "polite" });
  const bar = element("div", { class: "bar" });
  box.append(bar, element("div", { class: "stage" }, canvas, panel));
  const graph = new Graph(canvas, data, box.dataset.label, (g) => describe(g, panel));
  GRAPHS.push(graph);
  const button = (text, label, act) => element("button",
    { type: "button", class: "round", "aria-label": label, title: label, onclick: act }, text);
  bar.append(
    button("+", "Zoom in", () => graph.zoom(1.3)), button("−", "Zoom out", () => graph.zoom(1 / 1.3)),
    element("button", { type: "button", onclick: () => graph.reset() }, "Reset"));
  if (data.stages.some((stage) => stage.wires.some((row) => !(row[1] & LIVE)))) {
    const tick = element("input", { type: "checkbox", id: "off", onchange: () => {
      graph.off = tick.checked;
      graph.paint();
    } });
    bar.append(element("label", { class: "push" }, tick, "Disabled connections"));
  }
  box.append(keyOf(graph));
  const genes = document.getElementById("genes");
  const fill = () => {
    genes.querySelectorAll(".table").forEach((old) => old.remove());
    if (genes.open) genes.append(...geneTables(graph));
  };
  genes.addEventListener("toggle", fill);
  growth(graph, fill);
}

function growth(graph, changed) {
  const box = document.getElementById("growth"), { stages } = graph.data;
  if (!box) return;
  const bar = element("div", { class: "bar" }), told = element("p", { class: "told", "aria-live": "polite" });
  box.append(element("h3", {}, "How it grew"), bar, told);
  const player = new Player(bar, {
    name: "Ancestor of the champion", count: stages.length, rate: Math.max(1.6, stages.length / 20),
    text: (k) => `generation ${stages[k].generation}`,
    show: (k) => {
      graph.show(k);
      const fresh = graph.fresh();
      graph.ringed = k ? fresh : null;
      graph.point(graph.at, true);
      const stage = stages[k];
      const hidden = stage.nodes.length - graph.data.outputs;
      const enabled = stage.wires.filter((row) => row[1] & ENABLED).length;
      const wires = fresh.wires.map((w) => graph.data.wires[w])
        .map(({ from, to }) => `${graph.name(from)} → ${graph.name(to)}`);
      const news = [...fresh.nodes.map((n) => graph.name(n)), ...wires];
      const some = news.slice(0, 5).join(", ") + (news.length > 5 ? ` and ${news.length - 5} more` : "");
      told.replaceChildren(
        element("b", {}, k === stages.length - 1 ? "The champion" : `Ancestor ${k + 1} of ${stages.length - 1}`),
        `: ${count(hidden, "hidden node")}, ${count(enabled, "connection")}`,
        stage.fitness === null ? "" : `, fitness ${number(stage.fitness)}`,
        some ? `; new: ${some}` : "", fresh.lost ? `; lost: ${count(fresh.lost, "gene")}` : "", ".");
      changed();
    },
  });
  player.go(stages.length - 1);
  graph.ringed = null;
  graph.point(null, true);
}

// ----------------------------------------------------------------------------- what it does

function activity() {
  const box = document.getElementById("activity"), work = DATA.work;
  if (!box || !work || !DATA.network) return;
  const canvas = element("div", { class: "canvas" });
  const panel = element("div", { class: "genes" }), picture = element("img", { alt: "" });
  const scene = element("div", { class: "scene" }, picture, panel);
  const bar = element("div", { class: "bar" }), strip = element("div", { class: "strip" });
  box.append(element("div", { class: "stage" }, canvas, scene), bar, strip);

  const { nodes } = DATA.network.stages.at(-1);
  const vertices = work.rows.map((r) => (r < work.inputs ? r : nodes[r - work.inputs][0]));
  const unit = work.samples ? "sample" : "tick";
  let episode = work.episodes[0], now = 0;

  const byNode = (value) => { // what a row of the strip has, by node
    const found = [];
    vertices.forEach((n, row) => { found[n] = value(row); });
    return found;
  };
  const graph = new Graph(canvas, DATA.network, "The champion at work; the values of all nodes at "
    + "the chosen moment are in the strip below.", (g) => tell(g));
  GRAPHS.push(graph);
  function tell(g) {
    if (g.at) describe(g, panel, byNode((row) => episode.values[row][now]));
    else panel.replaceChildren(
      element("h3", {}, `${unit} ${now + 1} of ${episode.ticks}`), facts(moment()));
  }
  function moment() {
    const rows = [];
    if (episode.actions.length) rows.push(["action", episode.actions[now]]);
    if (episode.rewards.length) {
      const sum = episode.rewards.slice(0, now + 1).reduce((a, b) => a + (b ?? 0), 0);
      rows.push(["reward", number(episode.rewards[now])], ["return so far", number(sum)]);
    }
    const first = work.rows.length - work.outputs;
    work.names.slice(first, first + 8).forEach((name, o) => {
      const wanted = episode.targets[o]?.[now];
      rows.push([name, number(episode.values[first + o][now], 3)]);
      if (typeof wanted === "number") rows.push(["wanted", number(wanted, 3)]);
    });
    return rows;
  }

  const field = new Strip(strip, work, (k) => { player.stop(); player.go(k); });
  const total = () => episode.values[0].length;
  const rate = () => (work.samples ? Math.max(1.5, total() / 30) : Math.max(12, total() / 25));
  const player = new Player(bar, {
    name: `Moment: ${unit}`, count: total(), rate: rate(), text: (k) => `${unit} ${k + 1}`,
    show: (k) => {
      now = k;
      graph.color(byNode((row) =>
        (episode.values[row][k] === null ? null : episode.values[row][k] / episode.scales[row])));
      field.go(k);
      const shown = episode.pictures.filter(([at]) => at <= k).pop();
      if (shown) {
        picture.src = shown[1];
        picture.alt = `The environment at tick ${shown[0] + 1}`;
      }
      tell(graph);
    },
  });
  const choose = (e) => {
    episode = work.episodes[e];
    picture.hidden = !episode.pictures.length;
    field.fill(episode);
    player.resize(total(), rate());
    player.go(0);
  };
  if (work.episodes.length > 1) {
    const list = element("select", { "aria-label": "Episode", onchange: () => choose(Number(list.value)) },
      ...work.episodes.map(({ name }, k) => element("option", { value: k }, name)));
    bar.prepend(list);
  }
  choose(0);
  repaint.push(() => { field.fill(episode); player.go(now); });
}

// All values over time, a row per node; what was wanted below the outputs.
class Strip {
  constructor(box, work, choose) {
    Object.assign(this, { box, work, choose });
  }

  fill(episode) {
    const { work, box } = this, first = work.rows.length - work.outputs;
    // Of many rows only inputs and outputs, and of these the first.
    const shown = (k) => work.rows.length <= 60 || k < Math.min(work.inputs, 24)
      || (k >= first && k < first + 16);
    const lines = work.rows.map((_, k) => k).filter(shown).map((k) => ({
      name: work.names[k], values: episode.values[k], scale: episode.scales[k],
    }));
    episode.targets.slice(0, 16).forEach((values, o) => lines.push({
      name: `wanted ${work.names[first + o]}`, values, scale: Math.max(1, ...values.map((v) => Math.abs(v ?? 0))),
    }));
    const high = clamp(Math.floor(460 / lines.length), 9, 20);
    const column = (side, texts) => {
      const made = element("div", { class: `column ${side}` },
        ...texts.map((text) => element("span", { title: text }, text)));
      made.style.gridTemplateRows = `repeat(${lines.length}, ${high}px)`;
      made.style.fontSize = `${Math.min(13, high - 1)}px`;
      return made;
    };
    this.total = lines[0].values.length;
    this.cursor = element("div", { class: "cursor" });
    const canvas = element("canvas", { role: "img", "aria-label":
      `Values of ${count(lines.length, "row")} over ${count(this.total,
        work.samples ? "sample" : "tick")}, blue above 0, orange below.` });
    const pick = (event) => {
      const area = field.getBoundingClientRect();
      this.choose(Math.floor(((event.clientX - area.left) / area.width) * this.total));
    };
    const field = element("div", {
      class: "field",
      onpointerdown: (event) => {
        field.setPointerCapture(event.pointerId);
        pick(event);
      },
      onpointermove: (event) => { if (event.buttons) pick(event); },
    }, canvas, this.cursor);
    field.style.height = `${high * lines.length}px`;
    box.replaceChildren(column("left", lines.map(({ name }) => name)), field,
      column("right", lines.map(({ scale }) => `±${number(scale, 2)}`)));
    set(canvas, { width: this.total, height: lines.length * 8 });
    const paper = canvas.getContext("2d");
    lines.forEach(({ values, scale }, row) => values.forEach((value, t) => {
      if (value === null) return;
      paper.fillStyle = css(valueColor(value / scale));
      paper.fillRect(t, row * 8, 1, 7); // a line of background between rows
    }));
  }

  go(k) {
    this.cursor.style.left = `${((k + 0.5) / this.total) * 100}%`;
  }
}

// ---------------------------------------------------------------------------------- the page

const repaint = [];

function themes() {
  const root = document.documentElement, button = document.getElementById("theme");
  const system = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  const update = () => {
    button.textContent = isDark() ? "Light" : "Dark";
    button.setAttribute("aria-label", `Change to the ${isDark() ? "light" : "dark"} theme`);
    button.setAttribute("aria-pressed", String(isDark()));
    readColors();
    GRAPHS.forEach((graph) => graph.paint());
    repaint.forEach((again) => again());
  };
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    update();
  });
  system.addEventListener("change", update);
  update();
}

// A part that fails is said in its place and costs no other.
function attempt(id, make) {
  try {
    make();
  } catch (error) {
    document.getElementById(id)?.replaceChildren(
      element("p", { class: "failed" }, `This part could not be shown: ${error.message}`));
  }
}

themes();
attempt("graph", champion);
// When the graph has been drawn: in the frame after the one that draws it.
requestAnimationFrame(() => requestAnimationFrame(() => performance.mark("graph")));
const work = document.getElementById("activity");
if (work) { // a second graph, made when it comes into view
  new IntersectionObserver((entries, observer) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    observer.disconnect();
    attempt("activity", activity);
  }, { rootMargin: "300px" }).observe(work);
}
