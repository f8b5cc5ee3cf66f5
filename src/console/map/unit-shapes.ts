/** The form of each status, so that it is read without its colour: outlines in a box of 24 by 24, for pages and maps alike. */

const CIRCLE = 'M12 4.5a7.5 7.5 0 1 1-.01 0z'
const DIAMOND = 'M12 3l9 9-9 9-9-9z'
const TRIANGLE = 'M12 3.5l9 16H3z'
const SQUARE = 'M4.5 4.5h15v15h-15z'
const HOUSE = 'M12 3l8.5 7.5V20.5h-17V10.5z'
const CROSS = 'M8.5 3.5h7v5h5v7h-5v5h-7v-5h-5v-7h5z'
const HEXAGON = 'M7.5 4h9l4.5 8-4.5 8h-9L3 12z'
const X = 'M6 3.5l6 6 6-6L20.5 6l-6 6 6 6-2.5 2.5-6-6-6 6L3.5 18l6-6-6-6z'

interface UnitShape {
  readonly path: string
  /** The CSS custom property of its colour. */
  readonly colour: string
  readonly isHollow: boolean
}

export const UNIT_SHAPES: Readonly<Record<string, UnitShape>> = {
  available: { path: CIRCLE, colour: '--free', isHollow: false },
  offered: { path: DIAMOND, colour: '--asked', isHollow: true },
  assigned: { path: DIAMOND, colour: '--asked', isHollow: false },
  'en-route': { path: TRIANGLE, colour: '--driving', isHollow: false },
  'on-scene': { path: SQUARE, colour: '--scene', isHollow: false },
  transporting: { path: HOUSE, colour: '--carrying', isHollow: false },
  'at-destination': { path: CROSS, colour: '--carrying', isHollow: false },
  'standing-down': { path: HEXAGON, colour: '--off', isHollow: true },
  unavailable: { path: X, colour: '--off', isHollow: false },
  'off-duty': { path: CIRCLE, colour: '--off', isHollow: true },
}

/** Of a status that a newer engine may send. */
const UNKNOWN: UnitShape = { path: HEXAGON, colour: '--off', isHollow: false }

export const shapeOf = (status: string): UnitShape => UNIT_SHAPES[status] ?? UNKNOWN
