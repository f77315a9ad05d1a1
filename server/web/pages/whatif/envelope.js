// envelope.js - which of several lines is the lowest where, as they are drawn: straight between their points

// From x of the first on: {place: at.place, until: x}, of the line that goes below it next; undefined: none does.
function undercut(data, i, at) {
  const [xs, ...ys] = data;
  const height = (place, x) => {
    const [y0, y1] = [ys[place][i], ys[place][i + 1]];
    return y0 === null || y1 === null ? null : y0 + ((y1 - y0) * (x - xs[i])) / (xs[i + 1] - xs[i]);
  };
  const own = height(at.place, xs[i + 1]);
  if (own === null) return undefined;
  const above = (place, x) => height(place, x) - height(at.place, x);
  const found = ys.map((_, place) => place)
    .filter((place) => place !== at.place && height(place, xs[i + 1]) !== null && above(place, xs[i + 1]) < 0)
    .map((place) => {
      const [before, after] = [Math.max(0, above(place, at.x)), above(place, xs[i + 1])];
      return { place, x: at.x + ((xs[i + 1] - at.x) * before) / (before - after), slope: after };
    });
  return found.sort((a, b) => a.x - b.x || a.slope - b.slope)[0];
}

// data: [xs, line, line ...], null where a line is not known. Answers [{place, from, to}], in order.
export function lowest(data) {
  const [xs, ...ys] = data;
  const known = ys.map((line, place) => place).filter((place) => xs.length > 1 && ys[place][0] !== null);
  if (known.length === 0) return [];
  let at = { place: known.reduce((best, place) => (ys[place][0] < ys[best][0] ? place : best)), x: xs[0] };
  const ranges = [{ place: at.place, from: at.x }];
  for (let i = 0; i + 1 < xs.length; i++) {
    at = { ...at, x: xs[i] };
    for (let next = undercut(data, i, at); next; next = undercut(data, i, at)) {
      at = { place: next.place, x: next.x };
      ranges.push({ place: at.place, from: at.x });
    }
  }
  return ranges.map((range, i) => ({ ...range, to: ranges[i + 1]?.from ?? xs.at(-1) }));
}
