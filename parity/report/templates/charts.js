"use strict";
// Draws the charts whose data the page holds: for each place one or more plots above one another
// that share their time axis, cursor and zoom.
(() => {
  const zone = "America/New_York";
  const held = document.getElementById("chart-data");
  const charts = held ? JSON.parse(held.textContent) : {};
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const drawn = [];

  const parts = (moment, timeZone) => {
    const format = new Intl.DateTimeFormat("en-CA", {
      timeZone, hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit",
      hour: "2-digit", minute: "2-digit", second: "2-digit",
    });
    return Object.fromEntries(format.formatToParts(moment).map((part) => [part.type, part.value]));
  };
  const stamp = (seconds, timeZone) => {
    const found = parts(new Date(seconds * 1000), timeZone);
    const end = found.second === "00" ? "" : `:${found.second}`;
    return `${found.year}-${found.month}-${found.day} ${found.hour}:${found.minute}${end}`;
  };
  const day = (number) => new Date(number * 86400000).toISOString().slice(0, 10);
  const exact = new Intl.NumberFormat("en-US", { maximumSignificantDigits: 10 });
  const signed = new Intl.NumberFormat("en-US", { maximumSignificantDigits: 10, signDisplay: "exceptZero" });
  const small = new Intl.NumberFormat("en-US", { maximumSignificantDigits: 6 });
  const large = new Intl.NumberFormat("en-US", { maximumSignificantDigits: 4, notation: "compact" });
  const tick = (value) => (Math.abs(value) >= 1e6 ? large : small).format(value);

  // Lines differ by dash, width and marker too: colour never says it alone.
  const styles = {
    legacy: { colour: "legacy", width: 2, full: true },
    candidate: { colour: "candidate", width: 2.5, dash: [7, 5], size: 7 },
    delta: { colour: "fail", bars: true },
    rows: { colour: "link", bars: true },
    unproved: { colour: "fail", width: 2.5, full: true },
    proved: { colour: "pass", width: 2, dash: [8, 4] },
    waived: { colour: "soft", width: 2.5, dash: [2, 4] },
  };

  function lineOf(one, size, colour) {
    const style = styles[one.style];
    const stroke = colour(style.colour);
    if (style.bars) return { stroke, fill: stroke, width: 0, paths: uPlot.paths.bars({ size: [0.6, 24, 2] }), points: { show: false } };
    const few = size <= 120;
    return {
      stroke, width: style.width, dash: style.dash, spanGaps: false,
      // A value between two gaps is seen as a point only.
      points: { show: few ? true : undefined, size: style.size || 5, stroke, width: 1.5, fill: style.full ? stroke : colour("card") },
    };
  }

  class Chart {
    constructor(place, given) {
      this.place = place;
      this.given = given;
      this.size = given.times.length;
      const [legacy, candidate] = given.plots[0].series;
      for (const one of given.plots.flatMap((plot) => plot.series)) {
        // Without the noise that a difference of doubles has in its last digits.
        one.values ||= legacy.values.map((value, at) => {
          const other = candidate.values[at];
          return value === null || other === null ? null : Number((other - value).toPrecision(10));
        });
      }
      this.frame = place.closest("[data-chart]");
      this.figure = place.closest("figure");
      // Without a script nothing is drawn, and nothing is said of what is drawn.
      for (const one of this.figure.querySelectorAll(":scope > [hidden]")) one.hidden = false;
      this.at = this.frame.querySelector(".at");
      this.outputs = [...this.frame.querySelectorAll(".key output")];
      this.plots = [];
      this.range = null;
      place.setAttribute("role", "img");
      place.setAttribute("aria-label", this.figure.querySelector("figcaption").textContent);
      this.buttons();
      this.fit();
      new ResizeObserver(() => this.fit()).observe(place);
    }

    colour(name) {
      return getComputedStyle(this.frame).getPropertyValue(`--${name}`).trim();
    }

    label(place) {
      const time = this.given.times[place];
      return this.given.days ? day(time) : stamp(time, zone);
    }

    buttons() {
      const acts = document.createElement("span");
      acts.className = "acts";
      const add = (text, act) => {
        const button = document.createElement("button");
        button.type = "button";
        button.textContent = text;
        button.addEventListener("click", act);
        acts.append(button);
        return button;
      };
      const { shade } = this.given;
      if (shade && (shade[0] > 0 || shade[1] < this.size - 1)) {
        // Of what fills the chart anyway, the end that is nearer to now.
        if (shade[1] - shade[0] < this.size * 0.6) add("Zoom to the incident", () => this.zoom(shade[0] - 0.5, shade[1] + 0.5));
        else add("Zoom to where it ends", () => this.zoom(Math.max(0, shade[1] - 20) - 0.5, Math.min(this.size - 1, shade[1] + 20) + 0.5));
      }
      this.reset = add("Reset zoom", () => this.zoom(-0.5, this.size - 0.5));
      this.reset.disabled = true;
      this.frame.querySelector(".keys").append(acts);
    }

    // In a closed <details> a place has no width; it is drawn when it gets one.
    fit() {
      const width = this.place.clientWidth;
      if (!width) return;
      if (!this.plots.length) this.draw(width);
      // Paper is no place to draw anew: there the style shrinks what was drawn.
      else if (!matchMedia("print").matches) for (const plot of this.plots) if (plot.width !== width) plot.setSize({ width, height: plot.height });
    }

    draw(width) {
      const [from, to] = this.range || [-0.5, this.size - 0.5];
      const xs = this.given.times.map((_, place) => place);
      this.plots = this.given.plots.map((one, number) => {
        const last = number === this.given.plots.length - 1;
        const data = [xs, ...one.series.map((line) => line.values)];
        return new uPlot(this.options(one, width, number, last), data, this.place);
      });
      this.zoom(from, to);
    }

    options(one, width, number, last) {
      const font = "12px system-ui, sans-serif";
      const axis = { stroke: this.colour("soft"), font, labelFont: font, grid: { stroke: this.colour("line"), width: 1 }, ticks: { stroke: this.colour("line"), width: 1 } };
      const bars = one.series.some((line) => styles[line.style].bars);
      const narrow = width < 520;
      const apart = { space: this.given.days ? 92 : 140, incrs: [1, 2, 5, 10, 20, 25, 50, 100, 200, 500] };
      // A label that would be cut off at the right is left out.
      const fits = (plot, place) => place === Math.round(place) && place >= 0 && place < this.size
        && plot.valToPos(place, "x") < plot.bbox.width / devicePixelRatio - (this.given.days ? 26 : 46);
      return {
        width, height: (number === 0 && !bars ? (narrow ? 170 : 220) : 110) + (last ? 28 : 0),
        padding: [8, 12, last ? 0 : 8, 0],
        legend: { show: false },
        scales: {
          x: { time: false, range: (_, low, high) => (low === 0 && high === this.size - 1 ? [-0.5, this.size - 0.5] : [low, high]) },
          y: one.zero ? { range: (_, low, high) => this.aroundZero(low, high) } : {},
        },
        axes: [
          last
            ? { ...axis, ...apart, size: 28, values: (plot, at) => at.map((place) => (fits(plot, place) ? this.label(place) : "")) }
            : { ...axis, ...apart, size: 0, values: (_, at) => at.map(() => ""), ticks: { show: false } },
          { ...axis, size: narrow ? 56 : 68, space: 26, label: one.name, labelSize: 18, values: (_, at) => at.map((value) => (one.whole && !Number.isInteger(value) ? "" : tick(value))) },
        ],
        series: [{}, ...one.series.map((line) => lineOf(line, this.size, (name) => this.colour(name)))],
        cursor: {
          sync: { key: this.place.id, scales: ["x", null], setSeries: false, filters: { pub: (kind) => !["mousedown", "mouseup", "dblclick"].includes(kind) } },
          drag: { x: true, y: false, setScale: true }, y: false,
          points: { show: !bars },
          bind: { dblclick: () => () => { this.zoom(-0.5, this.size - 0.5); return null; } },
        },
        hooks: {
          drawClear: [(plot) => this.shade(plot)],
          setCursor: [(plot) => this.read(plot)],
          setScale: [(plot, key) => { if (key === "x") this.follow(plot); }],
        },
      };
    }

    aroundZero(low, high) {
      if (low === null || high === null) return [-1, 1];
      const [bottom, top] = [Math.min(0, low), Math.max(0, high)];
      const room = (top - bottom || 1) * 0.08;
      return [bottom < 0 ? bottom - room : 0, top > 0 || bottom === 0 ? top + room : 0];
    }

    shade(plot) {
      for (const [first, last] of this.given.spans || []) this.span(plot, first, last);
    }

    span(plot, first, last) {
      const { ctx, bbox } = plot;
      const at = (value) => Math.min(Math.max(plot.valToPos(value, "x", true), bbox.left), bbox.left + bbox.width);
      const [left, right] = [at(first - 0.5), at(last + 0.5)];
      if (right <= left) return;
      ctx.save();
      ctx.fillStyle = this.colour("undecided-soft");
      ctx.fillRect(left, bbox.top, right - left, bbox.height);
      ctx.strokeStyle = this.colour("undecided");
      ctx.setLineDash([3 * devicePixelRatio, 3 * devicePixelRatio]);
      ctx.lineWidth = devicePixelRatio;
      ctx.beginPath();
      for (const x of [left, right]) { ctx.moveTo(x, bbox.top); ctx.lineTo(x, bbox.top + bbox.height); }
      ctx.stroke();
      ctx.restore();
    }

    // What the cursor is over, of all plots, in the line above them.
    read(plot) {
      const place = plot.cursor.idx;
      const out = place === null || place === undefined || plot.cursor.left < 0;
      this.at.hidden = out;
      this.at.textContent = out ? "" : this.label(place);
      this.at.title = out || this.given.days ? "" : `${stamp(this.given.times[place], "UTC")} UTC`;
      const values = this.given.plots.flatMap((one) => one.series.map((line) => [line.style, line.values[place]]));
      this.outputs.forEach((output, number) => {
        const [style, value] = values[number] || [];
        const text = value === null || value === undefined ? "—" : (style === "delta" ? signed : exact).format(value);
        output.textContent = out ? "" : text;
      });
    }

    follow(plot) {
      const { min, max } = plot.scales.x;
      if (min === null || min === undefined) return;
      this.range = [min, max];
      this.reset.disabled = min <= -0.5 && max >= this.size - 0.5;
      for (const other of this.plots) {
        if (other !== plot && (other.scales.x.min !== min || other.scales.x.max !== max)) other.setScale("x", { min, max });
      }
    }

    zoom(min, max) {
      for (const plot of this.plots) plot.setScale("x", { min, max });
    }

    again() {
      for (const plot of this.plots) plot.destroy();
      this.plots = [];
      this.fit();
    }
  }

  for (const [id, given] of Object.entries(charts)) {
    const place = document.getElementById(id);
    if (place) drawn.push(new Chart(place, given));
  }
  dark.addEventListener("change", () => drawn.forEach((chart) => chart.again()));
  // Paper is white, whatever the screen is.
  const print = (paper) => {
    if (!dark.matches) return;
    for (const chart of drawn) {
      chart.figure.classList.toggle("paper", paper);
      chart.again();
    }
  };
  addEventListener("beforeprint", () => print(true));
  addEventListener("afterprint", () => print(false));

  // A cell of a heat map says whose it is; in the markup that would be most of the page.
  for (const table of document.querySelectorAll("table.heat")) {
    table.addEventListener("mouseover", (event) => {
      const cell = event.target.closest("td:not(.number)");
      if (!cell || cell.dataset.told) return;
      const session = table.tHead.rows[0].cells[cell.cellIndex].textContent;
      const rows = cell.title || cell.textContent || "0";
      cell.dataset.told = "1";
      cell.title = `${cell.parentElement.cells[0].textContent}, ${session}: ${rows} ${rows === "1" ? "row differs" : "rows differ"}`;
    });
  }

  // For those who look on from outside, such as tests.
  window.parityCharts = drawn;
})();
