/** The order of places along a Hilbert curve: what is near on the ground is near in the order. */

const SIDE_BITS = 16

/**
 * The numbers of the places in that order. Equal places keep the order in which they are given.
 * Input: x and y in any unit, as many of one as of the other.
 */
export function hilbertOrder(x: Float64Array, y: Float64Array): Uint32Array {
  const cellOf = (values: Float64Array) => {
    let least = Infinity
    let most = -Infinity
    for (const value of values) {
      if (value < least) least = value
      if (value > most) most = value
    }
    const scale = most > least ? (2 ** SIDE_BITS - 1) / (most - least) : 0
    return (value: number) => Math.floor((value - least) * scale)
  }
  const [column, row] = [cellOf(x), cellOf(y)]
  const keys = Float64Array.from(x, (value, index) => along(column(value), row(y[index]!)))
  return Uint32Array.from(x, (_, index) => index).sort((a, b) => keys[a]! - keys[b]! || a - b)
}

/** How far along the curve a cell of a square of 2^16 cells a side is. */
function along(column: number, row: number): number {
  let [x, y] = [column, row]
  let distance = 0
  for (let side = 2 ** (SIDE_BITS - 1); side >= 1; side /= 2) {
    const [right, up] = [(x & side) > 0 ? 1 : 0, (y & side) > 0 ? 1 : 0]
    distance += side * side * ((3 * right) ^ up)
    if (up === 1) continue
    const [turnedX, turnedY] = right === 1 ? [2 ** SIDE_BITS - 1 - x, 2 ** SIDE_BITS - 1 - y] : [x, y]
    x = turnedY
    y = turnedX
  }
  return distance
}
