/*<![CDATA[*/
"use strict";
// Filters the lists, folds families, and makes the drawings answer. All that it reads stands in the page, and it writes
// text alone: no name can become markup by it.
(() => {
  const all = (query, within = document) => Array.from(within.querySelectorAll(query));
  const number = (amount) => amount.toLocaleString("en");
  document.documentElement.classList.add("js");

  // Families of packages that moved alike are a row until they are opened.
  const families = all("tbody.family").map((body) => ({ body, button: body.querySelector(".unfold"), isOpen: false }));
  const familyOf = new Map(families.map((family) => [family.button, family]));
  let isFiltered = false;
  const fold = (family) => {
    const isOpen = family.isOpen || isFiltered;
    family.body.classList.toggle("folded", !isOpen);
    family.button.setAttribute("aria-expanded", String(isOpen));
  };
  families.forEach(fold);
  document.addEventListener("click", (event) => {
    const button = event.target.closest(".unfold");
    const family = button && familyOf.get(button);
    if (family) {
      family.isOpen = !family.isOpen;
      fold(family);
    }
  });

  // What is filtered, and the boxes around it, which are hidden where nothing in them is left.
  const bar = document.getElementById("filters");
  const controls = bar ? all("[data-by]", bar) : [];
  const boxes = new Map();
  const around = new Map();
  const BOX = "tbody, .chunk, .perhaps, details.cause, details.with, details.finding, section.subjects";
  const boxesAround = (element) => {
    if (!element || element.id === "main") return [];
    if (!around.has(element)) {
      let found = boxesAround(element.parentElement);
      if (element.matches(BOX)) {
        if (!boxes.has(element)) boxes.set(element, { element, isAlive: true, isOpened: false });
        found = [boxes.get(element), ...found];
      }
      around.set(element, found);
    }
    return around.get(element);
  };
  const subjectsOf = new Map();
  const itemOf = (element) => {
    const isChange = element.classList.contains("change");
    const group = isChange ? element.closest("[data-subject]") : element;
    if (!subjectsOf.has(group)) subjectsOf.set(group, new Set((group ? group.dataset.subject : "").split(" ")));
    const { level, kind, ecosystem, scope } = element.dataset;
    const amount = isChange && group ? Number(group.dataset.amount) : 1;
    const facts = { level, kind, ecosystem, scope };
    const name = isChange ? "changes" : element.classList.contains("is-waived") ? "waived" : "findings";
    return { element, isChange, name, amount, facts, subjects: subjectsOf.get(group), boxes: boxesAround(element.parentElement), text: "" };
  };
  const items = bar ? all("details.finding, tr.change").map(itemOf) : [];
  const textOf = (item) => {
    if (!item.text) {
      const parts = item.isChange ? [item.element] : Array.from(item.element.children).filter((part) => !part.matches(".with"));
      item.text = parts.map((part) => part.textContent).join(" ").toLowerCase();
    }
    return item.text;
  };
  const set = (element, isHidden) => {
    if (element.hidden !== isHidden) element.hidden = isHidden;
  };
  const apply = () => {
    const want = {};
    controls.forEach((control) => { want[control.dataset.by] = control.value; });
    const words = (want.text || "").toLowerCase().split(/\s+/).filter(Boolean);
    const by = ["kind", "ecosystem", "scope"].filter((name) => want[name]);
    isFiltered = controls.some((control) => control.value.trim() !== "");
    boxes.forEach((box) => { box.isAlive = false; });
    const counts = { findings: [0, 0], waived: [0, 0], changes: [0, 0] };
    for (const item of items) {
      item.isShown = by.every((name) => item.facts[name] === want[name])
        && (!want.level || item.isChange || item.facts.level === want.level)
        && (!want.subject || item.subjects.has(want.subject))
        && (words.length === 0 || words.every((word) => textOf(item).includes(word)));
      const count = counts[item.name];
      count[1] += item.amount;
      if (item.isShown) {
        count[0] += want.subject ? 1 : item.amount;
        item.boxes.forEach((box) => { box.isAlive = true; });
      }
    }
    for (const item of items) {
      const box = boxes.get(item.element);
      set(item.element, !item.isShown && !(box && box.isAlive));
      // Of what is there for the sake of what it brought about, the first line is enough.
      if (box) item.element.classList.toggle("beside", isFiltered && !item.isShown);
    }
    boxes.forEach((box) => {
      if (box.element.matches(".finding")) return;
      set(box.element, !box.isAlive);
      if (!box.element.matches(".with")) return;
      // What is found within is to be seen.
      if (isFiltered && box.isAlive && !box.element.open) {
        box.element.open = true;
        box.isOpened = true;
      } else if (!isFiltered && box.isOpened) {
        box.element.open = false;
        box.isOpened = false;
      }
    });
    families.forEach(fold);
    const told = Object.entries(counts).filter(([, [, whole]]) => whole > 0)
      .map(([name, [shown, whole]]) => `${number(shown)} of ${number(whole)} ${name}`);
    document.getElementById("shown").textContent = `Shown: ${told.join(", ")}`;
  };
  if (bar) {
    let isAsked = false;
    const ask = () => {
      if (isAsked) return;
      isAsked = true;
      requestAnimationFrame(() => { isAsked = false; apply(); });
    };
    bar.hidden = false;
    bar.addEventListener("input", ask);
    bar.addEventListener("change", ask);
    bar.addEventListener("click", (event) => {
      const what = event.target.dataset.do;
      if (what === "reset") {
        controls.forEach((control) => { control.value = ""; });
        ask();
      } else if (what) {
        all("#main details").forEach((details) => { details.open = what === "open"; });
        families.forEach((family) => { family.isOpen = what === "open"; fold(family); });
      }
    });
    // A browser may have kept what was chosen when the page is loaded anew.
    apply();
  }

  // The drawings.
  const GAP = 8;
  const AISLE = 56;
  const STEP = 20;
  const NAMESPACE = "http://www.w3.org/2000/svg";
  const way = document.getElementById("way");
  const drawings = all("svg.graph").map((svg) => {
    const nodes = new Map();
    all(".node", svg).forEach((element) => {
      const [x, y] = element.getAttribute("transform").match(/\d+/g).map(Number);
      const rect = element.querySelector("rect");
      const more = document.createElementNS(NAMESPACE, "text");
      const node = {
        element, more, x, y, column: x, width: Number(rect.getAttribute("width")), height: Number(rect.getAttribute("height")),
        depth: Number(element.getAttribute("aria-level")) - 1, parent: null, under: [], ins: [], isFolded: false, isSeen: true,
        name: element.querySelector(".name").textContent, label: element.getAttribute("aria-label"),
      };
      more.setAttribute("class", "more");
      more.setAttribute("aria-hidden", "true");
      more.setAttribute("x", String(node.width + 4));
      more.setAttribute("y", String(node.height / 2 - 3));
      element.append(more);
      element.setAttribute("tabindex", "-1");
      nodes.set(element.dataset.at, node);
    });
    const roots = [];
    nodes.forEach((node) => {
      node.parent = nodes.get(node.element.dataset.under) || null;
      (node.parent ? node.parent.under : roots).push(node);
    });
    const edges = all(".edge", svg).map((element) => {
      const edge = { element, from: nodes.get(element.dataset.from), to: nodes.get(element.dataset.to) };
      edge.to.ins.push(edge);
      return edge;
    });
    if (roots.length > 0) roots[0].element.setAttribute("tabindex", "0");
    return { svg, nodes: Array.from(nodes.values()), roots, edges, byElement: new Map(Array.from(nodes.values(), (node) => [node.element, node])) };
  });
  const beneath = (node) => {
    let amount = 0;
    const open = [...node.under];
    while (open.length > 0) {
      amount += 1;
      open.push(...open.pop().under);
    }
    return amount;
  };
  // Places the boxes anew: where there is room, as the program did, each as high as the first of those under it; on a small
  // screen, one below the other.
  const small = window.matchMedia("(max-width: 48rem)");
  const place = (drawing) => {
    const isSmall = small.matches;
    let top = GAP;
    let width = 0;
    let bottom = 0;
    let moved = 0;
    const ends = [];
    drawing.nodes.forEach((node) => { node.isSeen = false; });
    const open = [...drawing.roots].reverse();
    while (open.length > 0) {
      const node = open.pop();
      const under = node.isFolded ? [] : node.under;
      node.isSeen = true;
      node.x = isSmall ? 1 + node.depth * STEP : node.column;
      node.y = top + moved;
      if (isSmall || under.length === 0) top += node.height + GAP;
      // A box that is higher than all of those under it would stand on the next one.
      const least = ends[node.depth] || 0;
      if (!isSmall && least > node.y) {
        moved += least - node.y;
        node.y = least;
      }
      ends[node.depth] = node.y + node.height + GAP;
      bottom = Math.max(bottom, ends[node.depth]);
      width = Math.max(width, node.x + node.width + AISLE);
      open.push(...[...under].reverse());
    }
    drawing.nodes.forEach((node) => {
      node.element.toggleAttribute("hidden", !node.isSeen);
      node.element.setAttribute("transform", `translate(${node.x} ${node.y})`);
      if (node.under.length > 0) {
        node.element.setAttribute("aria-expanded", String(!node.isFolded));
        node.more.textContent = node.isFolded ? `+${beneath(node)}` : "\u2212";
      }
    });
    drawing.edges.forEach(({ element, from, to }) => {
      element.toggleAttribute("hidden", !(from.isSeen && to.isSeen));
      const [x1, y1] = [from.x + from.width, from.y + Math.floor(from.height / 2)];
      const [x2, y2] = [to.x, to.y + Math.floor(to.height / 2)];
      const middle = Math.floor((x1 + x2) / 2);
      const isOwn = to.parent === from;
      const stem = from.x + STEP / 2;
      if (isSmall) element.setAttribute("d", `M${stem} ${from.y + from.height}V${y2}H${x2}`);
      else element.setAttribute("d", isOwn ? `M${x1} ${y1}H${x2 - AISLE / 2}V${y2}H${x2}`
        : `M${x1} ${y1}C${middle} ${y1} ${middle} ${y2} ${x2} ${y2}`);
    });
    drawing.svg.setAttribute("viewBox", `0 0 ${width} ${bottom}`);
    drawing.svg.setAttribute("width", String(width));
    drawing.svg.setAttribute("height", String(bottom));
  };
  const clear = (drawing) => {
    all(".on", drawing.svg).forEach((element) => element.classList.remove("on"));
    drawing.svg.classList.remove("pointing");
  };
  // Shows all ways to a component, and tells the shortest.
  const point = (drawing, node) => {
    clear(drawing);
    drawing.svg.classList.add("pointing");
    const seen = new Set([node]);
    const open = [node];
    while (open.length > 0) {
      const next = open.pop();
      next.element.classList.add("on");
      next.ins.forEach((edge) => {
        edge.element.classList.add("on");
        // Above the other lines, below the boxes.
        drawing.svg.insertBefore(edge.element, drawing.nodes[0].element);
        if (!seen.has(edge.from)) {
          seen.add(edge.from);
          open.push(edge.from);
        }
      });
    }
    const names = [];
    for (let at = node.parent; at; at = at.parent) names.unshift(at.name);
    way.textContent = [...names, node.label].join(" \u2192 ");
  };
  const focus = (drawing, node) => {
    for (let at = node.parent; at; at = at.parent) at.isFolded = false;
    if (!node.isSeen) place(drawing);
    all("[tabindex='0']", drawing.svg).forEach((element) => element.setAttribute("tabindex", "-1"));
    node.element.setAttribute("tabindex", "0");
    node.element.focus();
  };
  const toggle = (drawing, node) => {
    if (node.under.length === 0) return;
    node.isFolded = !node.isFolded;
    place(drawing);
  };
  drawings.forEach((drawing) => {
    const nodeAt = (event) => drawing.byElement.get(event.target.closest(".node"));
    const onto = (event) => {
      const node = nodeAt(event);
      if (node) point(drawing, node);
    };
    drawing.svg.addEventListener("pointerover", onto);
    drawing.svg.addEventListener("focusin", onto);
    drawing.svg.addEventListener("pointerleave", () => clear(drawing));
    drawing.svg.addEventListener("focusout", () => clear(drawing));
    drawing.svg.addEventListener("click", (event) => {
      const node = nodeAt(event);
      if (!node) return;
      focus(drawing, node);
      toggle(drawing, node);
    });
    drawing.svg.addEventListener("keydown", (event) => {
      const node = nodeAt(event);
      if (!node) return;
      const seen = drawing.nodes.filter((other) => other.isSeen);
      const at = seen.indexOf(node);
      const next = {
        ArrowDown: () => seen[at + 1], ArrowUp: () => seen[at - 1], Home: () => seen[0], End: () => seen[seen.length - 1],
        ArrowRight: () => {
          if (!node.isFolded) return node.under[0];
          toggle(drawing, node);
          return node;
        },
        ArrowLeft: () => node.parent,
      }[event.key];
      if (next) {
        const other = next();
        if (other) focus(drawing, other);
        event.preventDefault();
      } else if (event.key === "Enter" || event.key === " ") {
        toggle(drawing, node);
        event.preventDefault();
      }
    });
    place(drawing);
  });
  small.addEventListener("change", () => drawings.forEach(place));
  const tools = document.querySelector(".tools");
  if (tools) {
    tools.hidden = false;
    const find = document.getElementById("find");
    let hits = [];
    let last = -1;
    find.addEventListener("input", () => {
      const text = find.value.trim().toLowerCase();
      hits = [];
      last = -1;
      drawings.forEach((drawing) => {
        drawing.svg.classList.toggle("searching", text !== "");
        drawing.nodes.forEach((node) => {
          const isHit = text !== "" && node.label.toLowerCase().includes(text);
          node.element.classList.toggle("hit", isHit);
          if (isHit) hits.push([drawing, node]);
        });
      });
      way.textContent = text === "" ? "" : `${number(hits.length)} found; Enter goes to the next`;
    });
    find.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || hits.length === 0) return;
      last = (last + 1) % hits.length;
      const [drawing, node] = hits[last];
      focus(drawing, node);
      node.element.scrollIntoView({ block: "center", inline: "center" });
      find.focus({ preventScroll: true });
      point(drawing, node);
    });
    tools.addEventListener("click", (event) => {
      const what = event.target.dataset.graph;
      if (!what) return;
      drawings.forEach((drawing) => {
        drawing.nodes.forEach((node) => { node.isFolded = what === "fold" && node.depth > 0 && node.under.length > 0; });
        place(drawing);
      });
    });
  }

  // What is printed is unfolded.
  let closed = [];
  window.addEventListener("beforeprint", () => {
    closed = all("details:not([open])");
    closed.forEach((details) => { details.open = true; });
  });
  window.addEventListener("afterprint", () => closed.forEach((details) => { details.open = false; }));
})();
/*]]>*/
