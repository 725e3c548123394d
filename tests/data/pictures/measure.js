// What makes a page hard to read, as numbers. Evaluated in a page; gives an object. Of a page that was
// measured already, and has other colours now, contrast alone.
(coloursAlone) => {
  const shown = (element) => {
    const box = element.getBoundingClientRect();
    return element.checkVisibility({ visibilityProperty: true }) && box.width > 1 && box.height > 1
      && !element.closest(".gc-said, .gc-unseen, .skip");
  };
  const within = (element) => {  // the part of the window that a scrolled parent leaves of it
    const clips = [];
    for (let one = element; one && one !== document.body; one = one.parentElement) {
      const style = getComputedStyle(one);
      if (style.overflowX !== "visible" || style.overflowY !== "visible") clips.push(one.getBoundingClientRect());
    }
    return (box) => clips.reduce((b, clip) => ({
      left: Math.max(b.left, clip.left), right: Math.min(b.right, clip.right),
      top: Math.max(b.top, clip.top), bottom: Math.min(b.bottom, clip.bottom),
    }), { left: box.left, right: box.right, top: box.top, bottom: box.bottom });
  };
  const meet = (a, b, x, y) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > x
    && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > y;
  const brief = (element) => (element.textContent || "").trim().replace(/\s+/g, " ").slice(0, 40);

  const runs = textRuns();
  const paths = [...document.querySelectorAll(".gc-lines path")].filter((path) => shown(path.ownerSVGElement));
  return coloursAlone ? colours() : { ...colours(), ...layout(), ...lines(), ...sizes() };

  // All runs of text that are seen
  function textRuns() {
    const runs = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const parent = node.parentElement;
      if (!node.data.trim() || parent.closest("script, style, option") || !shown(parent)) continue;
      const range = document.createRange();
      range.selectNodeContents(node);
      const cut = within(parent);
      for (const rectangle of range.getClientRects()) {
        const box = cut(rectangle);
        if (box.right - box.left > 1 && box.bottom - box.top > 1) runs.push({ box, parent });
      }
    }
    return runs.sort((a, b) => a.box.top - b.box.top);
  }

  function layout() {
    // Text over text
    const overlaps = [];
    runs.forEach((one, at) => {
      for (let next = at + 1; next < runs.length && runs[next].box.top < one.box.bottom; next += 1) {
        if (meet(one.box, runs[next].box, 1.5, 3)) overlaps.push(`${brief(one.parent)} × ${brief(runs[next].parent)}`);
      }
    });

    // Box over box
    const boxes = [...document.querySelectorAll(".gc-box, .gc-card, .gc-chip, .gc-sheet, .gc-square, .gc-row, .gc-copy")]
      .filter(shown).map((element) => ({ element, box: element.getBoundingClientRect() }))
      .sort((a, b) => a.box.top - b.box.top);
    boxes.forEach((one, at) => {
      for (let next = at + 1; next < boxes.length && boxes[next].box.top < one.box.bottom; next += 1) {
        const other = boxes[next];
        if (one.element.contains(other.element) || other.element.contains(one.element)) continue;
        if (meet(one.box, other.box, 1, 1)) overlaps.push(`${brief(one.element)} ▭ ${brief(other.element)}`);
      }
    });

    // Text that does not fit its box, and captions that are broken
    const cut = [...document.querySelectorAll(".gc-box, .gc-card, .gc-chip, .gc-square, .gc button, .gc-cap")]
      .filter((element) => shown(element) && element.clientWidth && element.scrollWidth > element.clientWidth + 1)
      .map(brief);
    const broken = [...document.querySelectorAll(".gc-cap")].filter(shown)
      .filter((element) => element.getClientRects().length > 1).map(brief);

    return { overlaps, cut, broken };
  }

  // Contrast of texts and lines
  function colours() {
    const numbers = (color) => {
      const found = color.match(/[\d.]+/g).map(Number);
      return color.startsWith("color(") ? [...found.slice(0, 3).map((part) => part * 255), found[3] ?? 1] : [...found.slice(0, 3), found[3] ?? 1];
    };
    const light = (color) => {
      const [r, g, b] = color.map((part) => (part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4));
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ground = (element) => {
      for (let one = element; one; one = one.parentElement) {
        const color = numbers(getComputedStyle(one).backgroundColor);
        if (color[3] > 0.99) return color;
      }
      return matchMedia("(prefers-color-scheme: dark)").matches ? [18, 18, 18, 1] : [255, 255, 255, 1];
    };
    const contrast = (a, b) => (Math.max(light(a), light(b)) + 0.05) / (Math.min(light(a), light(b)) + 0.05);
    let faintest = [99, ""];
    for (const { parent } of runs) {
      if (parent.closest(".gc-zero")) continue;  // a zero is not there to be read
      const found = contrast(numbers(getComputedStyle(parent).color).slice(0, 3), ground(parent).slice(0, 3));
      if (found < faintest[0]) faintest = [Math.round(100 * found) / 100, brief(parent)];
    }

    let faintestLine = 99;
    for (const path of paths) {
      faintestLine = Math.min(faintestLine, contrast(numbers(getComputedStyle(path).stroke).slice(0, 3), ground(path.ownerSVGElement.parentElement).slice(0, 3)));
    }
    return { faintest, faintestLine: Math.round(100 * faintestLine) / 100 };
  }

  // Lines: crossings, and through boxes that are not theirs
  function lines() {
    const STEPS = 32;
    const points = paths.map((path) => {
      const length = path.getTotalLength(), matrix = path.getScreenCTM();
      return Array.from({ length: STEPS + 1 }, (_, at) => {
        const point = path.getPointAtLength(length * at / STEPS);
        return [point.x + matrix.e, point.y + matrix.f];
      });
    });
    const side = (a, b, c) => (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
    let crossings = 0;
    for (let one = 0; one < paths.length; one += 1) {
      for (let other = one + 1; other < paths.length; other += 1) {
        const ends = [paths[one], paths[other]].map(({ dataset }) => [dataset.start, dataset.end].filter(Boolean));
        if (ends[0].some((end) => ends[1].includes(end))) continue;
        let crossed = false;
        for (let i = 0; i < STEPS && !crossed; i += 1) {
          for (let j = 0; j < STEPS && !crossed; j += 1) {
            const [a, b, c, d] = [points[one][i], points[one][i + 1], points[other][j], points[other][j + 1]];
            crossed = side(a, b, c) * side(a, b, d) < 0 && side(c, d, a) * side(c, d, b) < 0;
          }
        }
        crossings += crossed;
      }
    }
    const through = [];
    const drawn = [...document.querySelectorAll(".gc-layers .gc-box, .gc-cards .gc-card, .gc-three .gc-box")].filter(shown);
    points.forEach((line, at) => {
      for (const element of drawn) {
        const id = element.dataset.box;
        if (id && (id === paths[at].dataset.start || id === paths[at].dataset.end)) continue;
        const box = element.getBoundingClientRect();
        if (line.some(([x, y]) => x > box.left + 3 && x < box.right - 3 && y > box.top + 3 && y < box.bottom - 3)) through.push(brief(element));
      }
    });

    return { through, crossings, lines: paths.length };
  }

  // What can be reached by the keyboard, and how large it is
  function sizes() {
    const reached = [...document.querySelectorAll(".gc a[href], .gc button, .gc summary, .gc select, .gc [tabindex='0']")]
      .filter((element) => shown(element) && element.tabIndex >= 0);
    const small = [...document.querySelectorAll(".gc button, .gc summary, .gc select, .gc a.gc-chip, .gc a.gc-box")].filter(shown)
      .filter((element) => element.getBoundingClientRect().height < 23.5).map(brief);
    return {
      small,
      wider: document.documentElement.scrollWidth - innerWidth,
      stops: reached.length,
      load: performance.getEntriesByType("navigation")[0].loadEventEnd,
    };
  }
}
