/**
 * A made-up city for tests, demos and measurements, since the roads of a real one belong to whoever drew them.
 *
 * A grid of streets with main roads, two rings, and a motorway around it with ramps; a river through the middle with
 * few bridges; one-way streets in turns; parks where streets are missing. The same chance makes the same city.
 */
import { EARTH_RADIUS_M, type Position } from '../domain/geo.ts'
import { type ImportOutcome, NetworkBuilder } from './network-builder.ts'

export interface CitySettings {
  /** Its middle. Not nearer to a pole than 70°: the grid is drawn on a plane. */
  readonly centre: Position
  /** Streets from west to east, and from south to north; each at least 24. */
  readonly columns: number
  readonly rows: number
  /** Of what each street is; from 0 up to but not including 1. */
  readonly random: () => number
}

const BLOCK_M = 120
/** Crossings are so far from where a ruler would put them. */
const CROOKED_M = 25
const MAIN_EVERY = 8
const BRIDGE_EVERY = 16
const RAMP_EVERY = 8
const MOTORWAY_FROM_CITY_M = 400
/** Share of the streets that are one-way, and of the blocks without a street. */
const ONE_WAY_SHARE = 0.4
const PARK_SHARE = 0.05
/** A road is longer than the straight line by up to this. */
const WINDING = 0.12
const SIREN_FACTOR = 4 / 3
const STRAIGHT: readonly Position[] = []
const M_PER_DEG = (EARTH_RADIUS_M * Math.PI) / 180

type RoadClass = 'motorway' | 'ramp' | 'ring' | 'main' | 'street'
/** Kilometres an hour with all lights and corners. */
const SPEED_KMH: Readonly<Record<RoadClass, number>> = { motorway: 80, ramp: 45, ring: 50, main: 40, street: 22 }

/** Where a point is: metres east and north of the middle. */
interface Point {
  readonly x: number
  readonly y: number
}

export function generatedCity(settings: CitySettings): ImportOutcome {
  const plan = new CityPlan(settings)
  plan.drawAvenues()
  plan.drawStreets()
  plan.drawMotorway()
  return plan.builder.build()
}

class CityPlan {
  readonly builder = new NetworkBuilder(['ordinary', 'siren'])
  readonly #settings: CitySettings
  readonly #points: Point[] = []
  readonly #riverRow: number

  constructor(settings: CitySettings) {
    this.#settings = settings
    this.#riverRow = Math.floor(settings.rows / 2)
    for (let row = 0; row < settings.rows; row++) {
      for (let column = 0; column < settings.columns; column++) {
        const crooked = () => (settings.random() * 2 - 1) * CROOKED_M
        this.#addPoint({
          x: (column - (settings.columns - 1) / 2) * BLOCK_M + crooked(),
          y: (row - (settings.rows - 1) / 2) * BLOCK_M + crooked(),
        })
      }
    }
  }

  /** From south to north; over the river by bridges alone. */
  drawAvenues(): void {
    const { columns, rows } = this.#settings
    for (let column = 0; column < columns; column++) {
      const direction = this.#directionOf(column, columns)
      for (let row = 0; row + 1 < rows; row++) {
        const isOverRiver = row === this.#riverRow
        if (isOverRiver && column % BRIDGE_EVERY !== BRIDGE_EVERY / 2) continue
        const name = isOverRiver ? `Bridge ${(column - BRIDGE_EVERY / 2) / BRIDGE_EVERY + 1}` : `Avenue ${column + 1}`
        const roadClass = isOverRiver ? 'main' : this.#classOf(column, row, column, columns, rows)
        this.#draw(this.#node(column, row), this.#node(column, row + 1), roadClass, name, isOverRiver ? 0 : direction)
      }
    }
  }

  /** From west to east. */
  drawStreets(): void {
    const { columns, rows } = this.#settings
    for (let row = 0; row < rows; row++) {
      const direction = this.#directionOf(row, rows)
      for (let column = 0; column + 1 < columns; column++) {
        const roadClass = this.#classOf(row, column, row, rows, columns)
        this.#draw(this.#node(column, row), this.#node(column + 1, row), roadClass, `Street ${row + 1}`, direction)
      }
    }
  }

  /** Around the city, with a carriageway each way, and ramps to the main roads. */
  drawMotorway(): void {
    const { columns, rows } = this.#settings
    const around: { at: Point; exit: number }[] = []
    const exits = (count: number) =>
      Array.from({ length: Math.floor((count - 1) / RAMP_EVERY) + 1 }, (_, index) => index * RAMP_EVERY)
    const side = (crossings: readonly number[], exit: (crossing: number) => number, out: Point) => {
      for (const crossing of crossings) {
        const from = this.#points[exit(crossing)]!
        around.push({ at: { x: from.x + out.x, y: from.y + out.y }, exit: exit(crossing) })
      }
    }
    const away = MOTORWAY_FROM_CITY_M
    side(exits(columns), column => this.#node(column, 0), { x: 0, y: -away })
    side(exits(rows), row => this.#node(columns - 1, row), { x: away, y: 0 })
    side(exits(columns).reverse(), column => this.#node(column, rows - 1), { x: 0, y: away })
    side(exits(rows).reverse(), row => this.#node(0, row), { x: -away, y: 0 })
    const nodes = around.map(({ at }) => this.#addPoint(at))
    nodes.forEach((node, index) => {
      this.#draw(node, nodes[(index + 1) % nodes.length]!, 'motorway', 'Motorway', 0)
      this.#draw(node, around[index]!.exit, 'ramp', '', 0)
    })
  }

  #node(column: number, row: number): number {
    return row * this.#settings.columns + column
  }

  #addPoint(point: Point): number {
    const { lonDeg, latDeg } = this.#settings.centre
    const eastM = M_PER_DEG * Math.cos((latDeg * Math.PI) / 180)
    this.#points.push(point)
    return this.builder.addNode(rounded(lonDeg + point.x / eastM), rounded(latDeg + point.y / M_PER_DEG))
  }

  /** Of the part of a road that lies `along` it: `across` says which of `count` roads it is. */
  #classOf(across: number, along: number, road: number, count: number, length: number): RoadClass {
    const fromEdge = Math.min(across, count - 1 - across)
    for (const ring of [0.15, 0.32]) {
      const at = Math.round(count * ring)
      const start = Math.round(length * ring)
      if (fromEdge === at && along >= start && along < length - 1 - start) return 'ring'
    }
    return road % MAIN_EVERY === 0 ? 'main' : 'street'
  }

  /** 0 two-way, 1 with the numbers, -1 against them. */
  #directionOf(road: number, count: number): -1 | 0 | 1 {
    const isOneWay = this.#settings.random() < ONE_WAY_SHARE
    if (!isOneWay || road % MAIN_EVERY === 0 || road === 0 || road === count - 1) return 0
    return road % 2 === 0 ? 1 : -1
  }

  #draw(from: number, to: number, roadClass: RoadClass, name: string, direction: -1 | 0 | 1): void {
    const winding = 1 + this.#settings.random() * WINDING
    const isPark = this.#settings.random() < PARK_SHARE
    if (isPark && roadClass === 'street') return
    const [a, b] = [this.#points[from]!, this.#points[to]!]
    const lengthM = Math.hypot(a.x - b.x, a.y - b.y) * winding
    const seconds = lengthM / (SPEED_KMH[roadClass] / 3.6)
    const arc = {
      seconds: [seconds, seconds / SIREN_FACTOR],
      lengthM,
      roadClass,
      name,
      isThrough: roadClass === 'motorway',
      bends: STRAIGHT,
      source: name,
    }
    // A ring is driven both ways, whatever the street that it follows is elsewhere.
    const isTwoWay = direction === 0 || roadClass === 'ring'
    if (isTwoWay || direction === 1) this.builder.addArc({ ...arc, tail: from, head: to })
    if (isTwoWay || direction === -1) this.builder.addArc({ ...arc, tail: to, head: from })
  }
}

/** A centimetre: what maps have. */
const rounded = (deg: number): number => Math.round(deg * 1e7) / 1e7
