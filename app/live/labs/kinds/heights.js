/** The heights of a plane from the curves `KIND, b VALUE`: one grid for each kind, and the path of the training over it. */
import { placed } from "./colors.js";

/** Grids by kind: [{ kind, x, y, z, way }], x and y ascending, z[row][column] in the colour scale's unit or null, `way` the path's curve. */
export function gridsOf(panel, curves) {
  return [...Map.groupBy(curves.of(panel.name).filter((curve) => curve.value !== null), ({ kind }) => kind)].map(([kind, rows]) => {
    const x = [...new Set(rows.flatMap((row) => row.x))].toSorted((a, b) => a - b);
    const ordered = rows.toSorted((a, b) => a.value - b.value);
    return {
      kind, x, y: ordered.map(({ value }) => value), z: ordered.map((row) => filledRow(row, x, panel.y_scale)),
      way: panel.path ? curves.of(panel.path).find((curve) => curve.kind === kind && !curve.part) : undefined,
    };
  });
}

/** A row at every place of x, interpolated linearly. By hand: Plotly's `connectgaps` would fill every gap. */
function filledRow(row, x, scale) {
  const own = row.x.map((at, index) => ({ at, height: placed(row.y[index], scale) })).toSorted((a, b) => a.at - b.at);
  let after = 0;
  return x.map((at) => {
    while (after < own.length - 1 && own[after].at < at) after += 1;
    const right = own[after];
    if (right.at === at) return right.height;
    const left = own[after - 1];
    if (!left || left.height === null || right.height === null || at > right.at) return null;
    return left.height + ((right.height - left.height) * (at - left.at)) / (right.at - left.at);
  });
}

/** The bilinear height at (a, b); null outside or beside an unknown point. */
export function heightAt({ x, y, z }, a, b) {
  const [column, across] = between(x, a), [row, along] = between(y, b);
  if (column === null || row === null) return null;
  const [p, q, r, s] = [z[row][column], z[row][column + 1], z[row + 1][column], z[row + 1][column + 1]];
  if ([p, q, r, s].some((height) => height === null)) return null;
  return (1 - along) * ((1 - across) * p + across * q) + along * ((1 - across) * r + across * s);
}

function between(places, at) {
  if (places.length < 2 || !(at >= places[0] && at <= places.at(-1))) return [null, 0];
  const index = Math.min(places.length - 2, places.findLastIndex((place) => place <= at));
  return [index, (at - places[index]) / (places[index + 1] - places[index])];
}
