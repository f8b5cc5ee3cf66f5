/**
 * One unit as the index holds it: its exact position, and the slack box by which a tree knows it.
 *
 * The box is drawn round the position when the unit enters a tree. While later fixes stay inside, only the position
 * changes, which is two stores; the tree is touched when the unit leaves its box.
 */
import type { UnitId } from '../domain/ids.ts'
import type { LevelOfCare } from '../domain/vocabulary.ts'
import type { Box } from './lower-bound.ts'

const M_PER_DEG = 111_195

export class PlacedUnit implements Box {
  readonly unitId: UnitId
  levelOfCare: LevelOfCare
  /** Which of the finder's trees holds the unit. */
  treeIndex: number
  lonDeg = 0
  latDeg = 0
  minX = 0
  minY = 0
  maxX = 0
  maxY = 0
  /** Tells a unit from a tree's inner node during a search. */
  readonly children = null

  constructor(unitId: UnitId, levelOfCare: LevelOfCare, treeIndex: number) {
    this.unitId = unitId
    this.levelOfCare = levelOfCare
    this.treeIndex = treeIndex
  }

  boxHolds(lonDeg: number, latDeg: number): boolean {
    return lonDeg >= this.minX && lonDeg <= this.maxX && latDeg >= this.minY && latDeg <= this.maxY
  }

  /**
   * Draws a new box that holds the position, `slackM` to each side. Must not be called while a tree holds the unit.
   *
   * Boxes end at the antimeridian and the poles: a unit that crosses the antimeridian leaves its box, which costs one
   * tree move, and no box ever needs two parts. Towards a pole a box widens to all longitudes.
   */
  drawBox(lonDeg: number, latDeg: number, slackM: number): void {
    const slackLatDeg = slackM / M_PER_DEG
    const slackLonDeg = slackLatDeg / Math.cos((latDeg * Math.PI) / 180)
    this.minX = Math.max(-180, lonDeg - slackLonDeg)
    this.maxX = Math.min(180, lonDeg + slackLonDeg)
    this.minY = Math.max(-90, latDeg - slackLatDeg)
    this.maxY = Math.min(90, latDeg + slackLatDeg)
  }
}
