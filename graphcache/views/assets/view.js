// The graph view: a picture by sigma, and beside it a search, a legend, the selected node and a
// list of all nodes, by which all can be done that the picture does.
//
// Every text of the data is hostile: it goes into the page by textContent alone, and onto the
// canvas as drawn text. No style attribute is written into markup, and nothing is fetched but the
// data, where the page names an address for it.
(async () => {
  "use strict";

  const PAGE_OF_LIST = 100;
  const LABEL_LENGTH = 40;
  // Arrow heads of more edges than these only smudge the picture.
  const MAX_ARROWS = 1500;
  // Pixels. Sigma fades the rim of a line, so that of one pixel little is left: enough for many.
  const EDGE_WIDTH = 2;
  const MANY_EDGES = 800;
  // Edges of more than these are thin lines, and not drawn while the picture moves: where no graphics
  // card draws, they take most of the time.
  const MAX_WIDE = 5000;
  // Made once: comparing by localeCompare takes ten times as long.
  const collator = new Intl.Collator("en", { numeric: true });
  const root = document.querySelector(".graph-view");
  const part = (name) => root.querySelector(`.gv-${name}`);
  const data = await graphData();
  if (data === null) return;
  const { nodes, edges, nodeTypes, edgeTypes } = data;

  const state = {
    query: "",
    shownTypes: new Set(nodeTypes.keys()),
    shownEdges: new Set(edgeTypes.keys()),
    selected: null,
    // What the mouse or the arrow keys point at.
    pointed: null,
    listed: PAGE_OF_LIST,
  };
  // The nodes that search and legend leave, in the order of the list.
  let found = [];
  let foundSet = new Set();
  let colors = {};
  let renderer = null;

  // ---- the data -------------------------------------------------------------------------------

  // What the page holds, or what is at the address that it names; null where it does not come.
  async function graphData() {
    const { source } = part("data").dataset;
    if (!source) return JSON.parse(part("data").textContent);
    const useless = ["canvas", "zoom", "theme", "panel"].map(part);
    useless.forEach((each) => (each.hidden = true));
    root.setAttribute("aria-busy", "true");
    part("counts").textContent = "Drawing …";
    say("Drawing …");
    try {
      const fetched = await fetchJson(source);
      useless.forEach((each) => (each.hidden = false));
      say("Drawn");
      return fetched;
    } catch (error) {
      part("counts").textContent = "";
      say("");
      showMessage(error.message);
      return null;
    } finally {
      root.removeAttribute("aria-busy");
    }
  }

  async function fetchJson(source) {
    const reply = await fetch(source).catch(() => null);
    if (reply === null) {
      throw new Error(
        "The picture can't be drawn: the server gives no answer. " +
          "See whether graphcache serve still runs, then reload this page.",
      );
    }
    const told = await reply.json().catch(() => ({}));
    if (reply.ok && told.nodes) return told;
    const reason = told.error ?? `the server answered with status ${reply.status}`;
    throw new Error(`The picture can't be drawn: ${reason}`);
  }

  // ---- the graph ------------------------------------------------------------------------------

  // By node: [edge, other node, whether the edge leaves the node].
  const incident = nodes.map(() => []);
  edges.forEach(([start, end], edge) => {
    incident[start].push([edge, end, true]);
    if (start !== end) incident[end].push([edge, start, false]);
  });
  const texts = nodes.map(textOf);

  function textOf(node) {
    const { name, version, hashes = [] } = node.properties;
    const known = name && version ? `${name}@${version}` : "";
    return [node.label, node.key, known, ...hashes].join("\n").toLowerCase();
  }

  function isShown(node) {
    return state.shownTypes.has(nodes[node].type);
  }

  function isEdgeShown(edge) {
    const [start, end, type] = edges[edge];
    return state.shownEdges.has(type) && isShown(start) && isShown(end);
  }

  function neighbours(node) {
    const others = incident[node].filter(([edge]) => isEdgeShown(edge)).map(([, other]) => other);
    return [...new Set(others)].sort((a, b) => compare(nodes[a], nodes[b]));
  }

  function compare(a, b) {
    return a.type - b.type || collator.compare(a.label, b.label);
  }

  const order = [...nodes.keys()].sort((a, b) => compare(nodes[a], nodes[b]));

  function search() {
    const words = state.query.toLowerCase().split(/\s+/).filter(Boolean);
    const wanted = words.map((word) => word.replace(/^\/(?=.)/, ""));
    found = order.filter(
      (node) => isShown(node) && wanted.every((word) => texts[node].includes(word)),
    );
    foundSet = new Set(found);
  }

  // ---- elements -------------------------------------------------------------------------------

  function element(tag, className, text) {
    const made = document.createElement(tag);
    if (className) made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  }

  function swatch(color) {
    const made = element("span", "gv-swatch");
    made.style.setProperty("--gv-color", color);
    made.setAttribute("aria-hidden", "true");
    return made;
  }

  // One line, without characters that order or break the text around them.
  function short(text, length = LABEL_LENGTH) {
    const line = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, "·");
    const characters = [...line.slice(0, 2 * length + 2)];
    return characters.length > length ? `${characters.slice(0, length).join("")}…` : line;
  }

  function number(count) {
    return count.toLocaleString("en");
  }

  function counted(count, noun) {
    return count === 1 ? `1 ${noun}` : `${number(count)} ${noun}s`;
  }

  function nodeButton(node, extra) {
    const button = element("button", "gv-node");
    const { label, type } = nodes[node];
    button.type = "button";
    button.append(swatch(nodeTypes[type].color), element("span", "gv-node-label", short(label, 200)));
    button.append(element("span", "gv-node-extra", extra ?? nodeTypes[type].name));
    if (node === state.selected) button.setAttribute("aria-current", "true");
    button.addEventListener("click", () => select(node, true));
    return button;
  }

  function nodeItem(node, extra) {
    const item = element("li");
    item.append(nodeButton(node, extra));
    return item;
  }

  // ---- the panel ------------------------------------------------------------------------------

  function drawHead() {
    part("title").textContent = data.title;
    part("counts").textContent = `${counted(nodes.length, "node")}, ${counted(edges.length, "edge")}`;
    part("notes").append(...data.notes.map((note) => element("p", "", note)));
  }

  function drawLegend(name, types, all, shown) {
    types.forEach((type, index) => {
      const label = element("label", "gv-type");
      const box = element("input");
      box.type = "checkbox";
      box.checked = true;
      box.addEventListener("change", () => {
        if (box.checked) shown.add(index);
        else shown.delete(index);
        filterChanged();
      });
      const count = all.filter((one) => (one.type ?? one[2]) === index).length;
      label.append(box, swatch(type.color), element("span", "gv-type-name", type.name));
      label.append(element("span", "gv-count", number(count)));
      if (type.doc) label.title = type.doc;
      part(name).append(label);
    });
    part(name).hidden = types.length === 0;
  }

  function filterChanged() {
    if (state.selected !== null && !isShown(state.selected)) state.selected = null;
    state.listed = PAGE_OF_LIST;
    search();
    drawDetails();
    drawList();
    refresh();
  }

  function drawList() {
    const listed = found.slice(0, state.listed);
    part("results").replaceChildren(...listed.map((node) => nodeItem(node)));
    const count = counted(found.length, "node");
    part("nodes-title").textContent = state.query ? `${count} found` : count;
    part("more").hidden = found.length <= state.listed;
  }

  function drawDetails() {
    const panel = part("details");
    panel.hidden = state.selected === null;
    panel.replaceChildren();
    if (state.selected === null) return;
    const node = nodes[state.selected];
    const close = element("button", "", "Close");
    close.type = "button";
    close.addEventListener("click", () => deselect(true));
    const head = element("div", "gv-details-head");
    const title = element("h2", "", node.label);
    // A name of 10,000 characters scrolls, so it must be in reach of the keyboard.
    if (node.label.length > LABEL_LENGTH) title.tabIndex = 0;
    head.append(title, close);
    const kind = element("p", "gv-kind");
    kind.append(swatch(nodeTypes[node.type].color), nodeTypes[node.type].name);
    panel.append(head, kind, properties(node), ...neighbourLists(state.selected));
    panel.scrollTop = 0;
  }

  function properties(node) {
    const list = element("dl");
    const said = { key: node.key, ...node.properties };
    // Where the key is a property too, the property's name says more.
    if (Object.values(node.properties).includes(node.key)) delete said.key;
    for (const [name, value] of Object.entries(said)) {
      const text = Array.isArray(value) ? value.join("\n") : valueText(value);
      const told = element("dd", "", text);
      if (text.length > 200 || text.split("\n").length > 8) told.tabIndex = 0;
      list.append(element("dt", "", name), told);
    }
    return list;
  }

  function valueText(value) {
    if (typeof value === "boolean") return value ? "yes" : "no";
    return typeof value === "number" ? number(value) : String(value);
  }

  function neighbourLists(node) {
    const groups = new Map();
    for (const [edge, other, leaves] of incident[node]) {
      if (!isEdgeShown(edge)) continue;
      const type = edgeTypes[edges[edge][2]].name;
      const title = leaves ? `${type} →` : `← ${type}`;
      if (!groups.has(title)) groups.set(title, []);
      groups.get(title).push([other, edges[edge][3]]);
    }
    return [...groups].sort().flatMap(([title, members]) => neighbourList(title, members));
  }

  function neighbourList(title, members) {
    members.sort(([a], [b]) => compare(nodes[a], nodes[b]));
    const list = element("ul", "gv-list");
    const more = element("button", "", "Show more");
    more.type = "button";
    const add = () => {
      const start = list.children.length;
      const next = members.slice(start, start + PAGE_OF_LIST);
      list.append(...next.map(([other, said]) => nodeItem(other, edgeText(said))));
      more.hidden = list.children.length >= members.length;
      // The button goes, so the keyboard goes on with what it brought.
      if (start) list.children[start].firstChild.focus();
    };
    more.addEventListener("click", add);
    add();
    return [element("h3", "", `${title} ${number(members.length)}`), list, more];
  }

  function edgeText(said) {
    if (said.specs) return number(said.specs);
    return Object.entries(said)
      .filter(([, value]) => value === true || (Array.isArray(value) && value.length))
      .map(([name, value]) => (value === true ? name : short(value.join(", "), 24)))
      .join("; ");
  }

  function say(text) {
    part("status").textContent = text;
  }

  // ---- selecting ------------------------------------------------------------------------------

  function select(node, moves) {
    if (!isShown(node)) return;
    state.selected = node;
    state.pointed = null;
    drawDetails();
    drawList();
    refresh();
    if (moves) moveTo(node);
    const { label, type } = nodes[node];
    const count = neighbours(node).length;
    say(`${nodeTypes[type].name} ${short(label, 200)} selected, ${counted(count, "neighbour")}`);
    part("panel").scrollTop = 0;
  }

  function deselect(fromPanel) {
    if (state.selected === null) return;
    state.selected = null;
    state.pointed = null;
    drawDetails();
    drawList();
    refresh();
    say("Nothing selected");
    if (fromPanel) part("search").focus();
  }

  function point(node) {
    state.pointed = node;
    refresh();
  }

  // The next or the one before among the neighbours of the selected node.
  function step(by) {
    if (state.selected === null) {
      if (found.length) select(foundSet.has(data.focus) ? data.focus : found[0], false);
      return;
    }
    const around = neighbours(state.selected);
    if (!around.length) return;
    const at = around.indexOf(state.pointed);
    const next = at < 0 ? (by > 0 ? 0 : around.length - 1) : at + by;
    const node = around[(next + around.length) % around.length];
    point(node);
    const { label, type } = nodes[node];
    say(`${nodeTypes[type].name} ${short(label, 200)}`);
  }

  // ---- the picture ----------------------------------------------------------------------------

  function readColors() {
    const style = getComputedStyle(root);
    const named = (name) => style.getPropertyValue(`--gv-${name}`).trim();
    colors = { back: named("back"), text: named("text"), raised: named("raised"), line: named("line") };
    const dark = brightness(colors.back) < 0.5;
    colors.nodes = nodeTypes.map(({ color }) => color);
    colors.faintNodes = colors.nodes.map((color) => mix(color, colors.back, 0.3));
    // A dark line is not seen on a dark ground.
    colors.strongEdges = edgeTypes.map(({ color }) =>
      dark && brightness(color) < 0.4 ? mix(color, "#ffffff", 0.5) : color,
    );
    colors.edges = colors.strongEdges.map((color) => mix(color, colors.back, edgeStrength()));
  }

  // The more edges, the fainter, so that nodes and labels stay in front.
  function edgeStrength() {
    if (edges.length > 4000) return 0.25;
    if (edges.length > MANY_EDGES) return 0.4;
    return edges.length > 200 ? 0.5 : 0.8;
  }

  function channels(color) {
    return [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));
  }

  function brightness(color) {
    const [red, green, blue] = channels(color);
    return (0.299 * red + 0.587 * green + 0.114 * blue) / 255;
  }

  function mix(color, other, share) {
    const others = channels(other);
    const mixed = channels(color).map((c, i) => Math.round(c * share + others[i] * (1 - share)));
    return `#${mixed.map((c) => c.toString(16).padStart(2, "0")).join("")}`;
  }

  function toGraph() {
    const graph = new graphology.MultiDirectedGraph();
    nodes.forEach((node, index) => {
      const { x, y, size } = node;
      graph.addNode(index, { x, y, size, label: short(node.label) });
    });
    edges.forEach(([start, end], index) => graph.addEdgeWithKey(index, start, end));
    return graph;
  }

  // The selected or pointed node with its neighbours; null where all nodes are alike.
  let lit = null;

  function light() {
    const centre = state.selected ?? state.pointed;
    lit = centre === null ? null : new Set([centre, ...neighbours(centre)]);
    if (lit && state.pointed !== null) lit.add(state.pointed);
  }

  function nodeLook(key, attributes) {
    const node = Number(key);
    const look = { ...attributes, color: colors.nodes[nodes[node].type] };
    if (!isShown(node)) return { ...look, hidden: true };
    if (node === state.selected || node === state.pointed) {
      return { ...look, highlighted: true, zIndex: 2 };
    }
    const isLit = lit ? lit.has(node) : foundSet.has(node);
    if (!isLit) return { ...look, color: colors.faintNodes[nodes[node].type], label: "" };
    return { ...look, zIndex: 1, isHub: isHub(node), forceLabel: isLabelled(node) };
  }

  // What the others gather around: it is named before them.
  const HUBS = ["Stack", "Release", "Target", "Compiler"];

  function isHub(node) {
    return node === data.focus || HUBS.includes(nodeTypes[nodes[node].type].name);
  }

  function isLabelled(node) {
    return isHub(node) || (lit !== null && lit.size < 25);
  }

  const edgeWidth = edges.length > MANY_EDGES ? 1 : EDGE_WIDTH;

  function edgeLook(key, attributes) {
    const edge = Number(key);
    const [start, end, type] = edges[edge];
    const look = { ...attributes, color: colors.edges[type], size: edgeWidth };
    if (!isEdgeShown(edge)) return { ...look, hidden: true };
    const centre = state.selected ?? state.pointed;
    if (centre === null) return state.query ? { ...look, hidden: !bothFound(start, end) } : look;
    if (start !== centre && end !== centre) return { ...look, hidden: true };
    return { ...look, color: colors.strongEdges[type], size: EDGE_WIDTH, zIndex: 1, type: "arrow" };
  }

  function bothFound(start, end) {
    return foundSet.has(start) && foundSet.has(end);
  }

  // As sigma's own, in the colours of the page.
  function drawHover(context, drawn, settings) {
    const size = settings.labelSize;
    context.font = `600 ${size}px ${settings.labelFont}`;
    context.fillStyle = colors.raised;
    context.strokeStyle = colors.text;
    context.lineWidth = 1.5;
    if (drawn.label) {
      const width = context.measureText(drawn.label).width + 12;
      context.beginPath();
      context.roundRect(drawn.x + drawn.size + 2, drawn.y - size / 2 - 5, width, size + 10, 4);
      context.fill();
      context.stroke();
      context.fillStyle = colors.text;
      context.fillText(drawn.label, drawn.x + drawn.size + 8, drawn.y + size / 3);
    }
    context.beginPath();
    context.arc(drawn.x, drawn.y, drawn.size + 2, 0, 2 * Math.PI);
    context.fillStyle = drawn.color;
    context.fill();
    context.stroke();
  }

  // The labels that sigma chose for this frame: they are drawn when all of them are known.
  let chosenLabels = [];

  function chooseLabel(context, drawn, settings) {
    if (drawn.label) chosenLabels.push([context, drawn, settings]);
  }

  // Each where no other lies: hubs come first, then the larger nodes.
  function drawLabels() {
    const placed = [];
    chosenLabels.sort(([, a], [, b]) => Number(b.isHub) - Number(a.isHub) || b.size - a.size);
    for (const [context, drawn, settings] of chosenLabels) {
      context.font = `${drawn.isHub ? "600 " : ""}${settings.labelSize}px ${settings.labelFont}`;
      const places = labelPlaces(drawn, context.measureText(drawn.label).width, settings.labelSize);
      const place = places.find((one) => !placed.some((other) => overlap(one, other)));
      if (!place) continue;
      placed.push(place);
      drawLabel(context, drawn.label, place);
    }
    chosenLabels = [];
  }

  // On the right of its node, else on the left; where the picture ends before, the other way round.
  function labelPlaces({ x, y, size }, width, height) {
    const gap = size + 3;
    const places = [x + gap, x - gap - width].map((left) => {
      return { left, right: left + width, top: y - height / 2, bottom: y + height / 2 };
    });
    return places[0].right > part("canvas").clientWidth ? places.reverse() : places;
  }

  function overlap(a, b) {
    return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
  }

  // On a halo, so that it can be read on edges and nodes.
  function drawLabel(context, label, { left, top, bottom }) {
    context.lineJoin = "round";
    context.lineWidth = 3;
    context.strokeStyle = colors.back;
    context.fillStyle = colors.text;
    const baseline = bottom - (bottom - top) / 6;
    context.strokeText(label, left, baseline);
    context.fillText(label, left, baseline);
  }

  // Whether WebGL draws is seen by trying: a canvas made to ask costs as much as one to draw on.
  function startPicture() {
    try {
      renderer = newRenderer();
    } catch (error) {
      if (hasWebGL()) throw error;
      part("canvas").replaceChildren();
      showMessage(
        "This browser draws no WebGL, so there is no picture. " +
          "Search, legend and the list of nodes work without it.",
      );
      return;
    }
    // The first frame is drawn by now.
    drawLabels();
    renderer.on("afterRender", drawLabels);
    renderer.on("clickNode", ({ node }) => select(Number(node), false));
    renderer.on("clickStage", () => deselect(false));
    renderer.on("enterNode", ({ node }) => point(Number(node)));
    renderer.on("leaveNode", () => point(null));
  }

  function hasWebGL() {
    const canvas = document.createElement("canvas");
    return Boolean(canvas.getContext("webgl2") || canvas.getContext("webgl"));
  }

  function newRenderer() {
    const { EdgeLineProgram, EdgeRectangleProgram } = Sigma.rendering;
    return new Sigma(toGraph(), part("canvas"), {
      defaultEdgeType: edges.length <= MAX_ARROWS ? "arrow" : "line",
      edgeProgramClasses: { line: edges.length <= MAX_WIDE ? EdgeRectangleProgram : EdgeLineProgram },
      nodeReducer: nodeLook,
      edgeReducer: edgeLook,
      defaultDrawNodeLabel: chooseLabel,
      defaultDrawNodeHover: drawHover,
      labelFont: "system-ui, sans-serif",
      labelSize: 12,
      labelDensity: 0.8,
      labelGridCellSize: 110,
      labelRenderedSizeThreshold: 3,
      zIndex: true,
      hideEdgesOnMove: edges.length > MAX_WIDE,
      minEdgeThickness: 1,
      stagePadding: 60,
    });
  }

  function showMessage(text) {
    const message = part("message");
    message.textContent = text;
    message.hidden = false;
  }

  function refresh() {
    light();
    if (renderer) renderer.refresh({ skipIndexation: false });
  }

  // Milliseconds; sigma divides by it.
  function duration() {
    return matchMedia("(prefers-reduced-motion: reduce)").matches ? 1 : 250;
  }

  // At what ratio the picture is shown, or is about to be: a key may come while it still moves.
  let aimed = 1;

  function ratio() {
    const camera = renderer.getCamera();
    return camera.isAnimated() ? aimed : camera.ratio;
  }

  function moveCamera(place) {
    aimed = place.ratio;
    renderer.getCamera().animate(place, { duration: duration() });
  }

  function moveTo(node) {
    if (!renderer) return;
    const { x, y } = renderer.getNodeDisplayData(node);
    moveCamera({ x, y, ratio: Math.min(ratio(), 0.5) });
  }

  function zoom(by) {
    if (renderer) moveCamera({ ratio: ratio() * by });
  }

  function showAll() {
    if (renderer) moveCamera({ x: 0.5, y: 0.5, ratio: 1 });
  }

  // ---- light and dark -------------------------------------------------------------------------

  function isDark() {
    const chosen = document.documentElement.dataset.theme;
    return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  }

  function themeChanged() {
    part("theme").textContent = isDark() ? "Light" : "Dark";
    readColors();
    refresh();
  }

  function switchTheme() {
    document.documentElement.dataset.theme = isDark() ? "light" : "dark";
    themeChanged();
  }

  // ---- keys -----------------------------------------------------------------------------------

  const KEYS = {
    "/": () => part("search").focus(),
    "+": () => zoom(1 / 1.5),
    "=": () => zoom(1 / 1.5),
    "-": () => zoom(1.5),
    0: showAll,
    Escape: escape,
  };
  const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

  function escape() {
    if (document.activeElement === part("search") && state.query) setQuery("");
    else deselect(part("details").contains(document.activeElement));
  }

  function setQuery(text) {
    part("search").value = text;
    state.query = text.trim();
    filterChanged();
    say(part("nodes-title").textContent);
  }

  function onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const typing = event.target === part("search");
    const command = KEYS[event.key];
    if (command && (!typing || event.key === "Escape")) {
      event.preventDefault();
      command();
    } else if (event.target === part("canvas")) {
      onPictureKey(event);
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      onListKey(event, typing);
    } else if (typing && event.key === "Enter" && found.length) {
      select(found[0], true);
    }
  }

  function onPictureKey(event) {
    if (STEPS[event.key]) {
      event.preventDefault();
      step(STEPS[event.key]);
    } else if (event.key === "Enter" && state.pointed !== null) {
      select(state.pointed, true);
    }
  }

  // From the search into its results, and up and down in any list of nodes.
  function onListKey(event, typing) {
    const list = typing ? part("results") : event.target.closest?.(".gv-list");
    if (!list) return;
    event.preventDefault();
    const buttons = [...list.querySelectorAll(".gv-node")];
    const by = event.key === "ArrowDown" ? 1 : -1;
    const next = typing ? 0 : buttons.indexOf(event.target) + by;
    if (next < 0) part("search").focus();
    else buttons[Math.min(next, buttons.length - 1)]?.focus();
  }

  function settled() {
    performance.mark("graph-view-settled");
    root.setAttribute("data-ready", "true");
  }

  // ---- start ----------------------------------------------------------------------------------

  drawHead();
  drawLegend("node-types", nodeTypes, nodes, state.shownTypes);
  drawLegend("edge-types", edgeTypes, edges, state.shownEdges);
  search();
  drawList();
  part("theme").textContent = isDark() ? "Light" : "Dark";
  readColors();
  startPicture();
  // The frame after the first one, which is asked for when that one is done.
  requestAnimationFrame(() => requestAnimationFrame(settled));

  part("search").addEventListener("input", (event) => setQuery(event.target.value));
  part("more").addEventListener("click", () => {
    const start = state.listed;
    state.listed += PAGE_OF_LIST;
    drawList();
    part("results").children[start]?.firstChild.focus();
  });
  part("theme").addEventListener("click", switchTheme);
  part("zoom-in").addEventListener("click", () => zoom(1 / 1.5));
  part("zoom-out").addEventListener("click", () => zoom(1.5));
  part("zoom-reset").addEventListener("click", showAll);
  root.addEventListener("keydown", onKey);
  document.addEventListener("keydown", (event) => {
    if (!root.contains(event.target) && event.target === document.body) onKey(event);
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", themeChanged);
  // For scripts and tests.
  root.graphView = { renderer, select, state };
})();
