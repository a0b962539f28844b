"use strict";

// A report's graph: a genome that can be explored. The rest of the page is in report.js.
// All text goes in as textContent, never as markup.

const DATA = JSON.parse(document.getElementById("data").textContent);
const SVG = document.querySelector("svg").namespaceURI;
const ENABLED = 1, LIVE = 2, DELAYED = 4;
const POINT = 96 / 72; // pixels per point
const REACH = 7; // pixels from which a connection is pointed at
const STEPS = 24; // of the polygonal line that it then is

// ------------------------------------------------------------------------------- helpers

function set(node, settings) {
  for (const [key, value] of Object.entries(settings)) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (value === null) node.removeAttribute(key);
    else node.setAttribute(key, value);
  }
  return node;
}

function element(name, settings = {}, ...children) {
  const made = set(document.createElement(name), settings);
  made.append(...children);
  return made;
}

function shape(name, settings, parent) {
  const made = set(document.createElementNS(SVG, name), settings);
  parent?.append(made);
  return made;
}

function count(number, one, many = one + "s") {
  return `${number.toLocaleString("en")} ${number === 1 ? one : many}`;
}

function number(value, digits = 4) {
  if (value === null || value === undefined) return "not finite";
  return String(Number(value.toPrecision(digits))).replace("-", "−");
}

function signed(value) {
  return (value > 0 ? "+" : "") + number(value);
}

function clamp(value, low, high) {
  return Math.min(Math.max(value, low), high);
}

// Colours are the page's, so that they change with its theme.
const COLORS = {};

function readColors() {
  const style = getComputedStyle(document.documentElement);
  for (const name of ["background", "quiet", "positive", "negative", "middle"]) {
    const text = style.getPropertyValue("--" + name).trim();
    COLORS[name] = [1, 3, 5].map((k) => parseInt(text.slice(k, k + 2), 16));
  }
}

function blend(color, towards, share) {
  return color.map((x, k) => (1 - share) * x + share * towards[k]);
}

function css(color) {
  return `rgb(${color.map(Math.round).join(",")})`;
}

function inkOn([r, g, b]) { // by lightness, ITU-R BT.601
  return 0.299 * r + 0.587 * g + 0.114 * b > 127 ? "#1f2933" : "#e8edf2";
}

// From −1 to 1: the colours of weights, through a neutral middle.
function valueColor(share) {
  const full = share < 0 ? COLORS.negative : COLORS.positive;
  return blend(COLORS.middle, full, Math.min(Math.abs(share), 1));
}

// --------------------------------------------------------------------------------- graph

// A genome that can be explored. Connections lie in a layer of their own below the nodes, which
// stays as it is while a node is dragged: what moves is copied to the layer above.
class Graph {
  constructor(canvas, data, label, tell) {
    Object.assign(this, { canvas, data, tell });
    this.off = false; // whether disabled connections are shown
    this.moved = data.nodes.map(() => [0, 0]);
    this.shares = null; // values of nodes from −1 to 1, where they are coloured by them
    this.at = null; // ["node" or "wire", index] pointed at
    this.pinned = false;
    this.fingers = new Map();
    this.view = null;
    this.incident = data.nodes.map(() => []);
    data.wires.forEach((wire, w) => {
      this.incident[wire.from].push(w);
      if (wire.to !== wire.from) this.incident[wire.to].push(w);
    });
    const letGo = () => { if (!this.pinned && !this.fingers.size) this.point(null); };
    set(canvas, {
      role: "group", "aria-label": label, tabindex: "-1",
      onpointerdown: (event) => this.press(event), onpointermove: (event) => this.drag(event),
      onpointerup: (event) => this.release(event), onpointercancel: (event) => this.release(event),
      onpointerleave: letGo, onfocusout: letGo, onfocusin: (event) => this.focus(event),
      onwheel: (event) => this.wheel(event), onkeydown: (event) => this.key(event),
    });
    this.world = element("div", { class: "world" });
    canvas.append(this.world);
    this.show(data.stages.length - 1);
    new ResizeObserver(() => this.lay()).observe(canvas);
    this.lay();
  }

  // The genes of a stage, by node and by wire; undefined for what it does not have.
  show(number) {
    this.stage = this.data.stages[number];
    this.number = number;
    this.nodeGenes = [];
    this.wireGenes = [];
    for (const row of this.stage.nodes) this.nodeGenes[row[0]] = row;
    for (const row of this.stage.wires) this.wireGenes[row[0]] = row;
    const used = new Set(this.stage.wires.filter((row) => row[1] & LIVE)
      .map((row) => this.data.wires[row[0]].from));
    this.isLive = this.data.nodes.map((_, n) =>
      n < this.data.inputs ? used.has(n) : Boolean(this.nodeGenes[n]?.[1]));
    if (this.layout) this.paint();
  }

  // What came since the stage before, and how many genes were lost.
  fresh() {
    const before = this.data.stages[this.number - 1] ?? this.stage;
    const found = { lost: 0 };
    for (const kind of ["nodes", "wires"]) {
      const [old, here] = [before, this.stage].map((stage) => stage[kind].map((row) => row[0]));
      found[kind] = here.filter((index) => !old.includes(index));
      found.lost += old.length - here.length + found[kind].length;
    }
    return found;
  }

  kind(n) {
    const { inputs, outputs } = this.data;
    return n < inputs ? "input" : n < inputs + outputs ? "output" : "hidden";
  }

  name(n) {
    return this.data.nodes[n].label;
  }

  isVisible(w) {
    const row = this.wireGenes[w];
    return Boolean(row) && (Boolean(row[1] & LIVE) || this.off);
  }

  // ------------------------------------------------------------------------ building

  // Choose the layout for the width there is, and fit it in.
  lay() {
    const wide = this.canvas.clientWidth;
    if (!wide) return;
    const layouts = this.data.layouts;
    const layout = layouts[wide < 600 ? layouts.length - 1 : 0];
    if (layout !== this.layout) {
      this.layout = layout;
      this.moved = this.moved.map(() => [0, 0]);
      this.build();
      this.paint();
    }
    if (wide === this.wide) return;
    this.wide = wide;
    const most = Math.max(0.72 * innerHeight, 340);
    const scale = Math.min(wide / layout.width, 1.25, most / layout.height);
    this.tall = clamp(layout.height * scale + 20, Math.min(300, 0.8 * wide), most + 20);
    this.canvas.style.height = `${this.tall}px`;
    this.home = {
      k: scale, x: (wide - layout.width * scale) / 2, y: (this.tall - layout.height * scale) / 2,
    };
    this.move(this.home);
  }

  build() {
    const { layout, data } = this;
    this.world.replaceChildren();
    const size = { width: layout.width, height: layout.height };
    this.wires = shape("svg", { ...size, class: "wires", "aria-hidden": "true" }, this.world);
    this.top = shape("svg", { ...size, class: "top-layer" }, this.world);
    this.marks = shape("g", { "aria-hidden": "true" }, this.top);
    this.nodes = shape("g", {}, this.top);
    this.lines = [];
    const strength = data.wires.map(() => 0);
    for (const row of data.stages.at(-1).wires) strength[row[0]] = Math.abs(row[3]);
    const order = data.wires.map((_, w) => w).sort((a, b) => strength[a] - strength[b]);
    for (const w of order) { // the strongest on top
      const group = shape("g", { class: "wire" }, this.wires);
      this.lines[w] = {
        group,
        halo: data.dense ? null : shape("path", { class: "halo" }, group),
        line: shape("path", { class: "line" }, group),
        head: layout.routes[w].head ? shape("path", {}, group) : null,
      };
      this.draw(w, this.lines[w]);
    }
    this.dots = data.nodes.map((_, n) => this.buildNode(n));
    this.rove(0);
  }

  buildNode(n) {
    const { layout, data } = this;
    const r = layout.radius, kind = this.kind(n);
    const group = shape("g", { class: `node ${kind}`, role: "button", tabindex: "-1" }, this.nodes);
    group.dataset.node = n;
    shape("circle", { class: "ring", r: r + 4 }, group);
    shape("circle", { r }, group);
    const made = { group, within: null, curve: null, mark: null, below: null };
    if (kind !== "input" && Object.keys(data.dynamics).length) made.mark = shape("path", {}, group);
    const hidden = data.nodes.length - data.inputs - data.outputs;
    if (kind !== "input" && Object.keys(data.curves).length) {
      made.curve = shape("path", { class: "curve" }, group);
    } else if (kind === "hidden" && hidden <= 60 && r > 8) {
      const name = this.name(n);
      made.within = shape("text", {
        class: "within", "text-anchor": "middle", dy: "0.35em",
        "font-size": r * (name.length < 3 ? 0.88 : 0.68),
      }, group);
      made.within.textContent = name;
    }
    if (kind !== "input") {
      made.below = shape("text", { y: r + 11, "text-anchor": "middle", "font-size": 9.5 }, group);
    }
    if (kind !== "hidden") this.buildName(n, group);
    this.placeNode(n, group);
    return made;
  }

  // Names stand beside their nodes, clear of what leads back; where too close, every n-th.
  buildName(n, group) {
    const { layout, data } = this;
    const side = n < data.inputs ? -1 : 1;
    const [first, end] = side < 0 ? [0, data.inputs] : [data.inputs, data.inputs + data.outputs];
    const apart = end - first < 2 ? 99
      : Math.abs(layout.places[first + 1][1] - layout.places[first][1]);
    const size = clamp(0.8 * apart, 9, 13);
    const every = Math.ceil((size * 1.05) / apart);
    if ((n - first) % every) return;
    let offset = layout.radius + 9;
    if (side > 0) {
      const beyond = layout.routes.map((route) => Math.max(...route.line.filter((_, k) => !(k % 2))));
      offset = Math.max(offset, Math.max(0, ...beyond) - layout.places[first][0] + 8);
    }
    const name = this.name(n);
    const text = shape("text", {
      class: "names", x: side * offset, dy: "0.35em", "font-size": size,
      "text-anchor": side < 0 ? "end" : "start",
    }, group);
    text.textContent = name.length > layout.letters ? name.slice(0, layout.letters - 1) + "…" : name;
  }

  place(n) {
    const [x, y] = this.layout.places[n], [dx, dy] = this.moved[n];
    return [x + dx, y + dy];
  }

  placeNode(n, group = this.dots[n].group) {
    group.setAttribute("transform", `translate(${this.place(n).join(" ")})`);
  }

  // A connection's points: its course bends along with what was dragged at either end.
  course(w) {
    const { from, to } = this.data.wires[w], { line } = this.layout.routes[w];
    const [ax, ay] = this.moved[from], [bx, by] = this.moved[to];
    if (!(ax || ay || bx || by)) return line;
    const last = line.length / 2 - 1;
    return line.map((value, k) => {
      const t = (k >> 1) / last;
      return value + (k % 2 ? ay * (1 - t) + by * t : ax * (1 - t) + bx * t);
    });
  }

  draw(w, parts) {
    const points = this.course(w).map((x) => x.toFixed(1));
    const path = `M${points[0]} ${points[1]}C${points.slice(2).join(" ")}`;
    parts.line.setAttribute("d", path);
    if (parts.halo) parts.halo.setAttribute("d", path);
    if (parts.head) {
      const [x, y, turn] = this.layout.routes[w].head, [dx, dy] = this.moved[this.data.wires[w].to];
      parts.head.setAttribute("transform", `translate(${x + dx} ${y + dy}) rotate(${turn})`);
    }
  }

  // ------------------------------------------------------------------------ painting

  // How a connection looks, by the rules of ng.draw.
  look(w) {
    const [, flags, , weight] = this.wireGenes[w];
    const { strongest, thickest, density } = this.data.strokes;
    const share = strongest ? Math.min(Math.abs(weight) / strongest, 1) : 0;
    const strength = density ? share ** (0.5 + 0.5 * density) : Math.sqrt(share);
    const thin = 0.8 - 0.45 * density;
    let width = thin + (thickest - thin) * strength;
    let color = weight >= 0 ? COLORS.positive : COLORS.negative;
    color = blend(color, COLORS.background, (0.5 + 0.35 * density) * (1 - strength));
    if (this.data.wires[w].from === this.data.wires[w].to) width = Math.min(width, 2.2);
    if (!(flags & LIVE)) {
      color = blend(COLORS.quiet, COLORS.background, 0.35);
      width = 0.9;
    }
    let dash = null;
    if (!(flags & ENABLED)) dash = "1.5 3.5";
    else if (flags & DELAYED) {
      dash = [3.2 + 0.9 * width, 2 + 0.5 * width].map((x) => x * POINT).join(" ");
    }
    return { color: css(color), width: width * POINT, dash };
  }

  dress(w, parts) {
    const { color, width, dash } = this.look(w);
    set(parts.line, { stroke: color, "stroke-width": width.toFixed(2), "stroke-dasharray": dash });
    if (parts.halo) set(parts.halo, { "stroke-width": (width + 2.6).toFixed(2) });
    if (parts.head) {
      const half = Math.min(3.5 + width * 0.58, 0.45 * this.layout.radius);
      set(parts.head, { fill: color, d: `M0 0L${-2.1 * half} ${half}V${-half}Z` });
    }
  }

  paint() {
    this.data.wires.forEach((_, w) => {
      const parts = this.lines[w], visible = this.isVisible(w);
      parts.group.classList.toggle("gone", !visible);
      if (visible) this.dress(w, parts);
    });
    this.data.nodes.forEach((_, n) => this.paintNode(n));
    const [kind, index] = this.at ?? [];
    const gone = kind === "wire" ? !this.isVisible(index)
      : kind && this.dots[index].group.classList.contains("gone");
    this.point(gone ? null : this.at, true);
  }

  paintNode(n) {
    const made = this.dots[n], row = this.nodeGenes[n], kind = this.kind(n);
    const { group } = made;
    group.classList.toggle("gone", kind === "hidden" && !(row && (this.isLive[n] || this.off)));
    group.classList.toggle("loose", !this.isLive[n]);
    const genes = this.genes(n);
    if (made.curve && genes.activation) {
      const points = this.data.curves[genes.activation] ?? [], r = this.layout.radius;
      set(made.curve, { d: "M" + points.map(([x, y]) => `${x * r * 0.6} ${-y * r * 0.45}`).join("L") });
    }
    const dynamics = this.data.dynamics[genes.dynamics];
    if (made.mark) {
      const d = dynamics ? markPath(dynamics, this.layout.radius) : "";
      set(made.mark, { d, class: dynamics?.inner ? "dynamics inner" : "dynamics" });
    }
    if (made.below) {
      const sign = { sum: "", product: "×" }[genes.aggregation] ?? genes.aggregation ?? "";
      const name = made.curve && kind === "hidden" ? this.name(n) : "";
      const told = (dynamics?.told ?? []).map((label) => `${label} ${number(genes[label], 2)}`);
      made.below.textContent = [name, sign, ...told].filter(Boolean).join(" ");
    }
    const about = Object.entries(genes).map(([k, v]) => `${k} ${typeof v === "number" ? number(v) : v}`);
    set(group, { "aria-label": [`${this.name(n)}, ${this.word(n)}`, ...about].join(", ") });
    this.fill(n);
  }

  // A node's own colour, or that of its value.
  fill(n) {
    const { group } = this.dots[n];
    const circle = group.children[1], share = this.shares?.[n];
    const inks = [...group.querySelectorAll(".within, .curve, .inner")];
    if (share === undefined) {
      circle.style.fill = "";
      for (const ink of inks) ink.style.fill = ink.style.stroke = "";
      return;
    }
    const color = share === null ? COLORS.quiet : valueColor(share);
    circle.style.fill = css(color);
    for (const ink of inks) ink.style[ink.localName === "path" ? "stroke" : "fill"] = inkOn(color);
  }

  // Colour nodes by values from −1 to 1, by node; null for what is not finite.
  color(shares) {
    this.shares = shares;
    for (const n of shares.keys()) this.fill(n);
  }

  word(n) {
    return this.kind(n).replace("hidden", "hidden node");
  }

  // Genes of a node by name.
  genes(n) {
    const row = this.nodeGenes[n];
    if (!row) return {};
    return Object.fromEntries(this.data.node_genes.map((name, k) => [name, row[k + 3]]));
  }

  // -------------------------------------------------------------------------- pointing

  // Bring out a node with its connections, or a connection with its ends.
  point(at, again = false) {
    if (!again && String(at) === String(this.at)) return;
    this.at = at;
    this.marks.replaceChildren();
    this.copies = new Map();
    const near = new Set();
    if (at) {
      const [kind, index] = at;
      const wires = kind === "wire" ? [index] : this.incident[index].filter((w) => this.isVisible(w));
      if (kind === "node") near.add(index);
      for (const w of wires) {
        near.add(this.data.wires[w].from).add(this.data.wires[w].to);
        this.copy(w, kind === "wire" ? 1.6 : 0);
      }
    } else if (this.ringed) {
      for (const w of this.ringed.wires) if (this.isVisible(w)) this.copy(w, 0, true);
    }
    this.dots.forEach(({ group }, n) => {
      const chosen = at !== null && at[0] === "node" && at[1] === n;
      group.classList.toggle("near", near.has(n));
      group.classList.toggle("chosen", chosen);
      group.setAttribute("aria-pressed", chosen && this.pinned);
      group.classList.toggle("new", Boolean(this.ringed?.nodes.includes(n)) && !at);
    });
    this.wires.classList.toggle("dim", Boolean(at));
    this.nodes.classList.toggle("dim", Boolean(at));
    this.tell(this);
  }

  copy(w, wider, glow = false) {
    const parts = {
      line: shape("path", { class: "wire" }, this.marks),
      head: this.lines[w].head ? shape("path", {}, this.marks) : null,
    };
    this.draw(w, parts);
    this.dress(w, parts);
    const { width } = this.look(w);
    if (glow) {
      set(parts.line, { stroke: "var(--fresh)", opacity: 0.4, "stroke-width": width + 7,
        "stroke-dasharray": null, "stroke-linecap": "round" });
    } else set(parts.line, { "stroke-width": Math.max(width, 1.6) + wider });
    this.copies.set(w, parts);
  }

  // The connection under a place on the screen.
  hit(event) {
    const area = this.canvas.getBoundingClientRect();
    const { x, y, k } = this.view;
    const px = (event.clientX - area.left - x) / k, py = (event.clientY - area.top - y) / k;
    const reach = REACH / k;
    let best = null, least = reach;
    this.lines.forEach((parts, w) => {
      if (!this.isVisible(w)) return;
      const box = (parts.box ??= parts.line.getBBox()); // kept until an end is moved, as points are
      if (px < box.x - reach || px > box.x + box.width + reach
        || py < box.y - reach || py > box.y + box.height + reach) return;
      const points = this.points(w);
      for (let s = 1; s < points.length; s++) {
        const distance = toSegment(px, py, points[s - 1], points[s]);
        if (distance < least) [best, least] = [["wire", w], distance];
      }
    });
    return best;
  }

  // A connection as a polygonal line.
  points(w) {
    const parts = this.lines[w], long = parts.line.getTotalLength();
    const at = (_, s) => parts.line.getPointAtLength((s / STEPS) * long);
    return (parts.points ??= Array.from({ length: STEPS + 1 }, at));
  }

  // --------------------------------------------------------------------- moving and zooming

  move(view) {
    this.view = view;
    const { x, y, k } = view;
    this.world.style.transform = `translate(${x}px, ${y}px) scale(${k})`;
  }

  zoom(factor, x = this.wide / 2, y = this.tall / 2) {
    const k = clamp(this.view.k * factor, 0.4 * this.home.k, 12 * this.home.k);
    const by = k / this.view.k;
    this.move({ k, x: x - (x - this.view.x) * by, y: y - (y - this.view.y) * by });
  }

  reset() {
    this.moved = this.moved.map(() => [0, 0]);
    this.data.wires.forEach((_, w) => this.redraw(w));
    this.data.nodes.forEach((_, n) => this.placeNode(n));
    this.pinned = false;
    this.point(null);
    this.move(this.home);
  }

  redraw(w) {
    Object.assign(this.lines[w], { box: null, points: null });
    this.draw(w, this.lines[w]);
  }

  shift(n, dx, dy) {
    this.moved[n][0] += dx;
    this.moved[n][1] += dy;
    this.placeNode(n);
    for (const w of this.incident[n]) {
      if (this.copies.has(w)) this.draw(w, this.copies.get(w));
    }
  }

  // While a node is dragged its connections are hidden below, where they are out of date.
  lift(n, up) {
    for (const w of this.incident[n]) {
      this.lines[w].group.style.visibility = up ? "hidden" : "";
      if (!up) this.redraw(w);
    }
  }

  wheel(event) {
    // The page scrolls past a graph that nobody has clicked.
    if (!event.ctrlKey && !event.metaKey && !this.canvas.contains(document.activeElement)) return;
    event.preventDefault();
    const box = this.canvas.getBoundingClientRect(), lines = event.deltaMode ? 16 : 1;
    const factor = Math.exp(clamp(-event.deltaY * lines, -60, 60) * (event.ctrlKey ? 0.01 : 0.004));
    this.zoom(factor, event.clientX - box.left, event.clientY - box.top);
  }

  focus(event) {
    const node = event.target.closest(".node:focus-visible");
    if (!node) return;
    this.pinned = false;
    this.point(["node", Number(node.dataset.node)]);
  }

  press(event) {
    if (event.button > 0) return;
    if (!this.canvas.contains(document.activeElement)) this.canvas.focus({ preventScroll: true });
    const node = event.target.closest(".node");
    if (this.lifted && this.grabbed !== null) this.lift(this.grabbed, false);
    this.fingers.set(event.pointerId, [event.clientX, event.clientY]);
    this.canvas.setPointerCapture(event.pointerId);
    this.pressed = [event.clientX, event.clientY];
    this.grabbed = node && this.fingers.size === 1 ? Number(node.dataset.node) : null;
    this.lifted = false;
    event.preventDefault();
  }

  drag(event) {
    const before = this.fingers.get(event.pointerId);
    if (!before) {
      if (!this.pinned) this.hover(event);
      return;
    }
    const dx = event.clientX - before[0], dy = event.clientY - before[1];
    if (!this.lifted) {
      const far = Math.hypot(event.clientX - this.pressed[0], event.clientY - this.pressed[1]);
      if (far < 4 && this.fingers.size === 1) return;
      this.lifted = true;
      if (this.grabbed !== null) {
        this.pinned = false;
        this.point(["node", this.grabbed]);
        this.lift(this.grabbed, true);
      } else this.canvas.classList.add("panning");
    }
    this.fingers.set(event.pointerId, [event.clientX, event.clientY]);
    if (this.fingers.size === 2) {
      this.pinch(event.pointerId, before);
    } else if (this.grabbed !== null) {
      this.shift(this.grabbed, dx / this.view.k, dy / this.view.k);
    } else {
      this.move({ ...this.view, x: this.view.x + dx, y: this.view.y + dy });
    }
  }

  // Two fingers: what was under them stays under them.
  pinch(moved, before) {
    const now = this.fingers.get(moved);
    const other = [...this.fingers].find(([id]) => id !== moved)[1];
    const apart = (p) => Math.hypot(p[0] - other[0], p[1] - other[1]) || 1;
    const box = this.canvas.getBoundingClientRect();
    this.zoom(apart(now) / apart(before), (now[0] + other[0]) / 2 - box.left,
      (now[1] + other[1]) / 2 - box.top);
    this.move({ ...this.view, x: this.view.x + (now[0] - before[0]) / 2,
      y: this.view.y + (now[1] - before[1]) / 2 });
  }

  release(event) {
    if (!this.fingers.delete(event.pointerId)) return;
    this.canvas.classList.remove("panning");
    if (this.lifted) {
      if (this.grabbed !== null) this.lift(this.grabbed, false);
    } else if (event.type === "pointerup") {
      const at = this.grabbed !== null ? ["node", this.grabbed] : this.hit(event);
      const same = this.pinned && String(at) === String(this.at);
      this.pinned = Boolean(at) && !same;
      if (this.grabbed !== null) this.rove(this.grabbed);
      this.point(at, true);
    }
    this.grabbed = null;
  }

  hover(event) {
    const node = event.target.closest?.(".node");
    if (node) return this.point(["node", Number(node.dataset.node)]);
    return this.point(this.hit(event));
  }

  // -------------------------------------------------------------------------- keyboard

  // One node at a time can be reached by the Tab key; arrows lead to the others.
  rove(n) {
    if (this.roving !== undefined) this.dots[this.roving].group.setAttribute("tabindex", "-1");
    this.roving = n;
    this.dots[n].group.setAttribute("tabindex", "0");
  }

  key(event) {
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const step = steps[event.key], n = this.roving;
    const actions = {
      "+": () => this.zoom(1.25), "=": () => this.zoom(1.25), "-": () => this.zoom(0.8),
      0: () => this.reset(), n: () => this.walk(1), p: () => this.walk(-1),
      Escape: () => { this.pinned = false; this.point(null); },
      Enter: () => this.pin(), " ": () => this.pin(),
    };
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (step && event.shiftKey) {
      this.pinned = true;
      this.point(["node", n]);
      this.shift(n, 12 * step[0], 12 * step[1]);
      this.lift(n, false);
    } else if (step) {
      const next = this.towards(n, step);
      if (next !== null) {
        this.rove(next);
        this.dots[next].group.focus({ preventScroll: true });
        this.pinned = false;
        this.point(["node", next]);
      }
    } else if (actions[event.key]) actions[event.key]();
    else return;
    event.preventDefault();
  }

  // The nearest node in a direction.
  towards(n, [sx, sy]) {
    const [x, y] = this.place(n);
    let best = null, least = Infinity;
    this.dots.forEach(({ group }, other) => {
      if (other === n || group.classList.contains("gone")) return;
      const [ox, oy] = this.place(other);
      const along = (ox - x) * sx + (oy - y) * sy, across = Math.abs((ox - x) * sy - (oy - y) * sx);
      if (along > 1 && along + 2.2 * across < least) [best, least] = [other, along + 2.2 * across];
    });
    return best;
  }

  pin() {
    if (!this.at) this.at = ["node", this.roving];
    this.pinned = !this.pinned;
    this.point(this.at, true);
  }

  // From connection to connection of the node in focus.
  walk(step) {
    const wires = this.incident[this.roving].filter((w) => this.isVisible(w));
    if (!wires.length) return;
    const here = this.at && this.at[0] === "wire" ? wires.indexOf(this.at[1]) : step > 0 ? -1 : 0;
    this.pinned = true;
    this.point(["wire", wires[(here + step + wires.length) % wires.length]]);
  }
}

// The sign of a dynamics on a node of a radius.
function markPath({ lines }, r) {
  return lines.map((points) => "M" + points.map(([x, y]) => `${(x * r).toFixed(1)} ${(-y * r).toFixed(1)}`)
    .join("L")).join("");
}

function toSegment(x, y, a, b) {
  const dx = b.x - a.x, dy = b.y - a.y;
  const t = clamp(((x - a.x) * dx + (y - a.y) * dy) / (dx * dx + dy * dy || 1), 0, 1);
  return Math.hypot(x - a.x - t * dx, y - a.y - t * dy);
}
