// What moves in the pictures: lines, what is open and chosen (kept in the address), keys, copying.
// Without it all is there as tables, lists and trees.
"use strict";
for (const root of document.querySelectorAll(".gc")) {
  const $ = (selector, below = root) => below.querySelector(selector);
  const $$ = (selector, below = root) => [...below.querySelectorAll(selector)];
  const said = $(".gc-said");
  root.classList.add("gc-live");

  // Lines --------------------------------------------------------------------------------------
  const SVG = "http://www.w3.org/2000/svg";
  const path = (svg, d, kind, width) => {
    const line = document.createElementNS(SVG, "path");
    line.setAttribute("d", d);
    line.setAttribute("class", kind);
    if (width) line.style.strokeWidth = `${width}px`;
    svg.append(line);
    return line;
  };
  const curve = (x, y, toX, toY) => `C${(x + toX) / 2},${y} ${(x + toX) / 2},${toY} ${toX},${toY}`;
  const visible = (element) => element.checkVisibility();

  function drawThree(three) {
    const svg = $(".gc-lines", three);
    svg.textContent = "";
    three.classList.remove("gc-tight");
    three.classList.toggle("gc-tight", three.scrollWidth > three.clientWidth + 1);
    if (!visible(svg)) return;
    const origin = three.getBoundingClientRect();
    const middle = $("[data-middle]", three).getBoundingClientRect();
    for (const side of $$("[data-side]", three)) {
      const boxes = $$(":scope > .gc-box", side);
      if (!boxes.length) continue;
      const left = side.dataset.side === "left";
      const end = (left ? middle.left : middle.right) - origin.left;
      const down = (box) => box.getBoundingClientRect().top + 14 - origin.top;
      const fits = down(boxes.at(-1)) <= middle.bottom - origin.top - 8;
      const begin = (box) => box.getBoundingClientRect()[left ? "right" : "left"] - origin.left;
      const bus = (begin(boxes[0]) + end) / 2;
      for (const box of boxes) {
        const width = Math.min(4, 1.4 + 1.5 * Math.log10(Number(box.dataset.many) || 1));
        path(svg, `M${begin(box)},${down(box)}H${fits ? end : bus}`, `gc-line-${box.dataset.kind}`, width);
      }
      // Of more boxes than the matrix is high, one line leads to it.
      if (!fits) path(svg, `M${end},${down(boxes[0])}H${bus}V${down(boxes.at(-1))}`, "");
    }
  }

  const GAP = 64, LEAST = 26;
  function drawLayers(figure) {
    const svg = $(".gc-lines", figure);
    svg.textContent = "";
    const block = figure.parentElement;
    block.classList.add("gc-drawing");
    if (!visible(svg)) return;
    const both = JSON.parse($("script", figure).textContent);
    const { places, lines, height } = figure.dataset.all === "true" ? both.all : both.few;
    const boxes = new Map($$("[data-box]", figure).map((box) => [box.dataset.box, box]));
    const layers = [];
    for (const [id, [layer]] of Object.entries(places)) {
      layers[layer] = Math.max(layers[layer] || 0, boxes.get(id).offsetWidth);
    }
    const room = block.clientWidth - layers.reduce((sum, width) => sum + width, 0) - 2;
    const gap = Math.min(GAP, room / Math.max(1, layers.length - 1));
    if (gap < LEAST) {  // the tree instead, or the same boxes one below the other
      block.classList.remove("gc-drawing");
      figure.style.height = "";
      if (figure.matches(".gc-layers")) figure.style.display = "none";
      return;
    }
    const left = [];
    layers.reduce((at, width, layer) => { left[layer] = at; return at + width + gap; }, 0);
    figure.style.height = `${height + 8}px`;
    for (const [id, [layer, top]] of Object.entries(places)) {
      boxes.get(id).style.left = `${left[layer]}px`;
      boxes.get(id).style.top = `${top + 2}px`;
    }
    for (const [start, end, kind, between] of lines) {
      const box = boxes.get(start), other = boxes.get(end);
      let x = box.offsetLeft + box.offsetWidth, y = box.offsetTop + box.offsetHeight / 2;
      let d = `M${x},${y}`;
      x = left[places[start][0]] + layers[places[start][0]];
      d += `H${x}`;
      for (const [layer, down] of between) {
        d += `${curve(x, y, left[layer], down + 2)}H${left[layer] + layers[layer]}`;
        [x, y] = [left[layer] + layers[layer], down + 2];
      }
      const line = path(svg, d + curve(x, y, other.offsetLeft, other.offsetTop + other.offsetHeight / 2), kind);
      line.dataset.start = start;
      line.dataset.end = end;
    }
    const light = (id) => {
      for (const box of boxes.values()) box.classList.remove("gc-hot");
      for (const line of $$("path", svg)) {
        const joins = line.dataset.start === id || line.dataset.end === id;
        line.classList.toggle("gc-hot", joins);
        if (joins) for (const end of [line.dataset.start, line.dataset.end]) boxes.get(end).classList.add("gc-hot");
      }
    };
    for (const [id, box] of boxes) {
      box.onmouseenter = box.onfocus = () => light(id);
      box.onmouseleave = box.onblur = () => light("");
    }
  }
  const draw = () => {
    for (const three of $$("[data-three]")) drawThree(three);
    for (const figure of $$("[data-layers]")) { figure.style.display = ""; drawLayers(figure); }
  };

  // The address: what is open (or shut, where it was open), chosen, sorted, filtered ---------------
  const first = new Map($$("details[data-state]").map((one) => [one, one.open]));
  let chosen = "";
  const values = new Map();
  let reading = false;
  function write() {
    if (reading) return;
    const state = new URLSearchParams();
    const changed = [...first].filter(([one, open]) => one.open !== open).map(([one]) => one.dataset.state);
    if (changed.length) state.set("open", changed.join(" "));
    for (const [name, value] of values) if (value) state.set(name, value);
    if (chosen) state.set("at", chosen);
    const text = String(state);
    history.replaceState(null, "", text ? `#${text}` : location.pathname + location.search);
  }
  function choose(id) {
    for (const one of $$(".gc-selected")) one.classList.remove("gc-selected");
    chosen = "";
    const found = id && document.getElementById(id);
    if (!found || !root.contains(found)) return false;
    chosen = id;
    for (let one = found.closest("details"); one; one = one.parentElement.closest("details")) one.open = true;
    for (const row of found.matches("tbody") ? $$("tr", found) : [found]) row.classList.add("gc-selected");
    found.scrollIntoView({ block: "nearest" });
    return true;
  }
  const listeners = new Map();  // by the name of a value, what to do when the address changes it
  function keep(name, value) { values.set(name, value); write(); }
  function read() {
    const text = decodeURIComponent(location.hash.slice(1));
    if (text && !text.includes("=")) { choose(text); return; }
    const state = new URLSearchParams(location.hash.slice(1));
    reading = true;
    const changed = new Set((state.get("open") || "").split(" "));
    for (const [one, open] of first) one.open = changed.has(one.dataset.state) ? !open : open;
    for (const [name, act] of listeners) {
      const value = state.get(name) || "";
      if (value === (values.get(name) || "")) continue;  // as it is
      values.set(name, value);
      act(value);
    }
    choose(state.get("at"));
    reading = false;
  }
  root.addEventListener("toggle", () => { draw(); write(); }, true);
  root.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#"]');
    if (link && choose(decodeURIComponent(link.getAttribute("href").slice(1)))) { event.preventDefault(); write(); draw(); }
    const copied = event.target.closest("[data-copy]");
    if (copied) copy(copied);
    const also = event.target.closest("[data-also]");
    if (also) { event.preventDefault(); show(also.dataset.also.split(" ")); }
  });

  async function copy(button) {
    const text = button.dataset.copy;
    try {
      await navigator.clipboard.writeText(text);
    } catch {  // not allowed, or a page of a file in a browser that asks for a server
      const area = document.createElement("textarea");
      area.value = text;
      button.after(area);
      area.select();
      document.execCommand("copy");
      area.remove();
      button.focus();
    }
    said.textContent = `Copied ${text}`;
    const says = button.textContent;
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = says; }, 1500);
  }
  function show(ids) {
    for (const one of $$(".gc-hot")) one.classList.remove("gc-hot");
    for (const id of ids) {
      const row = document.getElementById(id);
      if (!row) continue;
      for (let one = row.parentElement.closest("details"); one; one = one.parentElement.closest("details")) one.open = true;
      row.classList.add("gc-hot");
    }
    said.textContent = `${ids.length} marked`;
  }

  // One tab stop in a matrix, and arrows -----------------------------------------------------------
  for (const table of $$("[data-matrix]")) {
    const cells = () => $$("tbody tr", table).map((row) => $$("a, button", row).filter(visible));
    const all = cells().flat();
    all.forEach((one, at) => { one.tabIndex = at ? -1 : 0; });
    table.addEventListener("focusin", (event) => {
      for (const one of all) one.tabIndex = one === event.target ? 0 : -1;
    });
    table.addEventListener("keydown", (event) => {
      const rows = cells(), flat = rows.flat(), at = flat.indexOf(event.target);
      if (at < 0) return;
      const row = rows.findIndex((one) => one.includes(event.target));
      const x = (one) => one.getBoundingClientRect().left;
      const beside = (step) => {
        const next = rows.slice(...(step > 0 ? [row + 1] : [0, row])).filter((one) => one.length);
        const target = step > 0 ? next[0] : next.at(-1);
        return target && target.reduce((best, one) => Math.abs(x(one) - x(event.target)) < Math.abs(x(best) - x(event.target)) ? one : best);
      };
      const next = { ArrowRight: flat[at + 1], ArrowLeft: flat[at - 1], ArrowDown: beside(1), ArrowUp: beside(-1), Home: flat[0], End: flat.at(-1) }[event.key];
      if (next) { event.preventDefault(); next.focus(); }
    });
  }

  // Tables that are sorted by a click --------------------------------------------------------------
  for (const table of $$("[data-sort]")) {
    const name = `sort-${table.dataset.sort}`;
    const heads = $$("thead th", table);
    const bodies = $$("tbody", table);
    const rows = bodies.flatMap((body) => $$("tr", body).map((row) => [row, body]));
    const value = (row, at) => {
      const cell = row.children[at];
      return cell.dataset.value === undefined ? cell.textContent.trim() : Number(cell.dataset.value);
    };
    const compare = (a, b) => typeof a === "number" && typeof b === "number"
      ? a - b : String(a).localeCompare(String(b), "en", { numeric: true });
    const sort = (text) => {
      const at = Number.parseInt(text, 10) - 1, down = text.endsWith("d");
      heads.forEach((head, number) => {
        if (number === at) head.setAttribute("aria-sort", down ? "descending" : "ascending");
        else if (text || head.dataset.sorted === undefined) head.removeAttribute("aria-sort");
      });
      for (const [row] of rows) [...row.children].forEach((cell, number) => cell.classList.toggle("gc-sorted", number === at || (!text && heads[number].hasAttribute("aria-sort"))));
      if (!text || !heads[at]) { for (const [row, body] of rows) body.append(row); return; }
      const sorted = rows.map(([row]) => row).sort((a, b) => compare(value(a, at), value(b, at)) * (down ? -1 : 1));
      bodies[0].append(...sorted);
    };
    heads.forEach((head, at) => {
      if (!head.textContent.trim()) return;
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const numbers = head.classList.contains("gc-number");
        const now = values.get(name) || "";
        const down = now.startsWith(`${at + 1}`) ? !now.endsWith("d") : numbers;
        sort(`${at + 1}${down ? "d" : "a"}`);
        keep(name, `${at + 1}${down ? "d" : "a"}`);
      });
    });
    listeners.set(name, sort);
  }

  // Switches: all lines, what only builds ------------------------------------------------------------
  for (const button of $$("[data-switch]")) {
    const act = (value) => {
      const on = value === "on";
      button.setAttribute("aria-pressed", String(on));
      if (button.dataset.switch === "all") {
        const figure = $(`[data-layers="${button.dataset.of}"]`);
        figure.dataset.all = String(on);
      } else if (button.dataset.switch === "rows") {
        $("[data-sort=rows]").classList.toggle("gc-short", !on);
      } else {
        for (const part of $$("[data-part]")) part.hidden = (part.dataset.part === "on") !== on;
      }
      draw();
    };
    const name = button.dataset.switch === "all" ? `all-${button.dataset.of}` : button.dataset.switch;
    button.addEventListener("click", () => {
      const value = button.getAttribute("aria-pressed") === "true" ? "" : "on";
      act(value);
      keep(name, value);
    });
    listeners.set(name, act);
  }

  // Stacks: what two share, by target and release ----------------------------------------------------
  const store = $("[data-store]");
  if (store) {
    let parsed;  // when it is first asked for: it may be large
    const data = () => (parsed ||= JSON.parse($("script", store).textContent));
    const opened = $("[data-opened]", store), picks = $$("select", store);
    const number = (value) => value.toLocaleString("en");
    const many = Boolean($(".gc-many", store));
    const short = (value) => !many || value < 1000 ? number(value)
      : value < 9950 ? `${(value / 1000).toFixed(1)}k` : `${Math.floor(value / 1000)}k`;
    let pick = "";
    const groups = () => {
      const [target, release] = picks.map((one) => one.value === "" ? -1 : Number(one.value));
      // A stack holds a spec in a release where both are told together.
      const sets = data().stackSets.map((set) => set.filter(([, r]) => release < 0 || data().releaseSets[r].includes(release)).map(([stack]) => stack));
      return data().groups.filter(([, s, t]) => (target < 0 || t === target) && sets[s].length)
        .map(([p, s, , n]) => [p, sets[s], n]);
    };
    const bar = (part, whole) => {
      const svg = document.createElementNS(SVG, "svg"), rect = document.createElementNS(SVG, "rect");
      for (const [name, value] of [["class", "gc-bar"], ["viewBox", "0 0 100 10"], ["preserveAspectRatio", "none"], ["aria-hidden", "true"]]) svg.setAttribute(name, value);
      for (const [name, value] of [["class", "gc-light"], ["width", String(100 * part / whole)], ["height", "10"]]) rect.setAttribute(name, value);
      svg.append(rect);
      return svg;
    };
    const open = () => {
      opened.textContent = "";
      for (const one of $$("[data-pick]", store)) one.setAttribute("aria-pressed", String(one.dataset.pick === pick));
      if (!pick) return;
      const wanted = pick.split("-").map(Number), counts = new Map();
      for (const [p, set, n] of groups()) {
        if (wanted.every((one) => set.includes(one))) counts.set(p, (counts.get(p) || 0) + n);
      }
      const names = wanted.map((one) => data().stacks[one]);
      const found = [...counts].sort((a, b) => b[1] - a[1] || (data().packages[a[0]] < data().packages[b[0]] ? -1 : 1));
      const sum = found.reduce((all, [, n]) => all + n, 0), most = found.length ? found[0][1] : 1;
      const head = document.createElement("h2"), list = document.createElement("ol");
      head.textContent = `${names.join(" and ")}: ${number(sum)} ${sum === 1 ? "spec" : "specs"} of ${number(found.length)} ${found.length === 1 ? "package" : "packages"}`;
      list.className = "gc-columns";
      const add = (from, to) => list.append(...found.slice(from, to).map(([p, n]) => {
        const item = document.createElement("li"), name = document.createElement(data().address ? "a" : "span"), count = document.createElement("span");
        if (data().address) name.href = data().address + encodeURIComponent(data().packages[p]);
        name.textContent = data().packages[p];
        count.className = "gc-count";
        count.textContent = number(n);
        item.append(name, bar(n, most), count);
        return item;
      }));
      add(0, 40);
      opened.append(head, list);
      if (found.length > 40) {
        const more = document.createElement("button");
        more.type = "button";
        more.textContent = `${number(found.length - 40)} more`;
        more.addEventListener("click", () => { add(40, found.length); more.remove(); });
        opened.append(more);
      }
    };
    const count = () => {
      const n = data().stacks.length, shared = data().stacks.map(() => new Array(n).fill(0)), own = new Array(n).fill(0);
      for (const [, set, specs] of groups()) {
        for (const a of set) for (const b of set) shared[a][b] += specs;
        if (set.length === 1) own[set[0]] += specs;
      }
      const largest = Math.max(1, ...shared.map((row, at) => row[at]));
      const between = shared.flatMap((row, a) => row.filter((_, b) => a !== b));
      const top = Math.max(0, ...between), low = Math.min(...between), floor = low > top / 2 ? low : 0;
      for (const row of $$("[data-stack]", store)) {
        const at = Number(row.dataset.stack), [light, dark] = $$("rect", row);
        light.setAttribute("width", 100 * shared[at][at] / largest);
        dark.setAttribute("width", 100 * own[at] / largest);
        $(".gc-size span", row).textContent = number(shared[at][at]);
        for (const square of $$(".gc-square[data-pick]", row)) {
          const other = Number(square.dataset.pick.split("-").find((one) => Number(one) !== at));
          const value = shared[at][other];
          square.textContent = short(value);
          const shade = value ? Math.min(4, 1 + Math.floor(3.999 * (value - floor) / Math.max(1, top - floor))) : 0;
          square.className = `gc-square gc-${shade ? `shade${shade}` : "zero"}`;
          square.setAttribute("aria-label", `${data().stacks[at]} and ${data().stacks[other]}: ${number(value)} ${value === 1 ? "spec" : "specs"}`);
        }
      }
      // What has no spec for this target and release is not there.
      for (const row of $$("tr", store)) {
        if (row.dataset.stack) row.hidden = !shared[Number(row.dataset.stack)][Number(row.dataset.stack)];
        $$(".gc-cell", row).forEach((cell, at) => { cell.hidden = !shared[at][at]; });
      }
      open();
    };
    for (const select of picks) {
      select.addEventListener("change", () => { count(); keep(select.name, select.value && select.selectedOptions[0].textContent); });
      listeners.set(select.name, (text) => {
        const option = [...select.options].find((one) => one.value && one.textContent === text);
        select.value = option ? option.value : "";
        count();
      });
    }
    for (const button of $$("[data-pick]", store)) button.addEventListener("click", () => {
      pick = pick === button.dataset.pick ? "" : button.dataset.pick;
      open();
      keep("stacks", pick.split("-").filter(Boolean).map((one) => data().stacks[one]).join("&"));
      if (pick) opened.scrollIntoView({ block: "nearest" });
    });
    listeners.set("stacks", (text) => {
      const found = text.split("&").map((name) => data().stacks.indexOf(name));
      pick = text && !found.includes(-1) ? found.join("-") : "";
      open();
    });
  }

  read();
  draw();
  addEventListener("hashchange", () => { read(); draw(); });
  addEventListener("resize", draw);
  performance.mark("picture-drawn");
}
