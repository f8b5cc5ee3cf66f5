/** A console that only looks on: the board, the map of the city and a unit or other, on a computer that hangs now and then. */
import type { DispatcherClient, FleetView } from '../../../src/client/index.ts'
import { toE7 } from '../../../src/protocol/fix-frame.ts'
import type { Dice } from '../../fuzz/dice.ts'
import { BoardScreen } from './board-screen.ts'
import { HOUR_MS, MINUTE_MS, SECOND_MS, untilNextMs } from './chance.ts'
import { loseClock } from './clock-trouble.ts'
import { Computer } from './computer.ts'
import type { ClientStanding, Picture } from './parts.ts'
import type { Town } from './town.ts'

const RESTLESS_EVERY_MS = 20 * MINUTE_MS

export class Console {
  readonly name: string
  readonly #town: Town
  readonly #dice: Dice
  readonly #computer: Computer
  readonly #screen = new BoardScreen()
  #fleet: FleetView | null = null
  #unwatch: (() => void) | null = null
  #followed: string | null = null

  constructor(town: Town, name: string) {
    this.name = name
    this.#town = town
    this.#dice = town.dice(name)
    this.#computer = new Computer({
      town,
      dice: this.#dice,
      name,
      role: 'supervisor',
      started: client => this.#setUp(client),
    })
  }

  begin(): void {
    this.#computer.start()
    this.#planLook()
    if (this.#town.plan.troubles.clumsiness > 0) this.#planTrouble()
  }

  calm(): void {
    this.#computer.device.isStuck = false
    this.#computer.device.setClock(0)
    this.#computer.start()
    if (this.#computer.client !== null) this.#setUp(this.#computer.client)
  }

  standing(): ClientStanding {
    return this.#computer.standing()
  }

  picture(): Picture | null {
    if (!this.#computer.isConnected || this.#unwatch === null) return null
    const places = new Map<string, { lonE7: number; latE7: number; fixedAtMs: number }>()
    for (const { unitId, lonDeg, latDeg, fixedAtMs } of this.#fleet ?? []) {
      places.set(unitId, { lonE7: toE7(lonDeg), latE7: toE7(latDeg), fixedAtMs })
    }
    return this.#screen.picture(this.name, places)
  }

  /** Watches everything. */
  #setUp(client: DispatcherClient): void {
    if (this.#fleet !== client.fleet()) {
      this.#fleet = client.fleet()
      this.#unwatch = null
    }
    this.#watch(client)
    this.#fleet.lookAt(this.#town.city.bounds)
  }

  #watch(client: DispatcherClient): void {
    if (this.#unwatch !== null) return
    this.#screen.clear()
    this.#unwatch = client.watchBoard(this.#screen)
  }

  /** Looks elsewhere, at less or at all of it, or does without the board for a while. */
  #planLook(): void {
    this.#town.loop.after(untilNextMs(this.#dice, RESTLESS_EVERY_MS), () => {
      if (this.#town.isCalm) return
      const { client } = this.#computer
      if (client !== null) this.#lookAround(client)
      this.#planLook()
    })
  }

  #lookAround(client: DispatcherClient): void {
    const { city, chronicle } = this.#town
    const dice = this.#dice
    switch (dice.weighed({ part: 3, all: 2, board: 2, unit: 2 })) {
      case 'part': {
        const { westDeg, southDeg, eastDeg, northDeg } = city.bounds
        const middleLonDeg = westDeg + ((eastDeg - westDeg) * dice.within([1, 9])) / 10
        const middleLatDeg = southDeg + ((northDeg - southDeg) * dice.within([1, 9])) / 10
        chronicle.tell(this.name, 'moves the map')
        const east = dice.oneIn(2)
        this.#fleet?.lookAt({
          westDeg: east ? middleLonDeg : westDeg,
          eastDeg: east ? eastDeg : middleLonDeg,
          southDeg: dice.oneIn(2) ? middleLatDeg : southDeg,
          northDeg,
        })
        return
      }
      case 'all':
        chronicle.tell(this.name, 'looks at the whole city')
        this.#fleet?.lookAt(city.bounds, dice.pick([6, 9, 12]))
        return
      case 'unit':
        return this.#followOne(client)
      case 'board':
        chronicle.tell(this.name, this.#unwatch === null ? 'watches the board again' : 'leaves the board')
        if (this.#unwatch === null) return this.#watch(client)
        this.#unwatch()
        this.#unwatch = null
    }
  }

  /** Follows another unit than before. */
  #followOne(client: DispatcherClient): void {
    const units = [...(this.#screen.reader?.units.keys() ?? [])]
    if (units.length === 0) return
    if (this.#followed !== null) client.unwatchUnit(this.#followed)
    const unitId = this.#dice.pick(units)
    this.#town.chronicle.tell(this.name, `follows ${unitId}`)
    client.watchUnit(unitId, () => {})
    this.#followed = unitId
  }

  #planTrouble(): void {
    const { loop, plan } = this.#town
    loop.after(untilNextMs(this.#dice, HOUR_MS / (4 * plan.troubles.clumsiness)), () => {
      if (this.#town.isCalm) return
      this.#trouble()
      this.#planTrouble()
    })
  }

  #trouble(): void {
    switch (this.#dice.weighed({ restart: 2, clock: 2, hang: 4 })) {
      case 'restart':
        return this.#computer.restart()
      case 'clock':
        return loseClock(this.#town, this.#dice, this.#computer.device)
      case 'hang':
        return this.#hang()
    }
  }

  #hang(): void {
    const { loop, chronicle } = this.#town
    const { device } = this.#computer
    const forMs = this.#dice.oneIn(3)
      ? this.#dice.within([MINUTE_MS, 20 * MINUTE_MS])
      : this.#dice.within([SECOND_MS, MINUTE_MS])
    chronicle.tell(this.name, `hangs for ${Math.round(forMs / SECOND_MS)} s`)
    device.isStuck = true
    loop.after(forMs, () => {
      device.isStuck = false
    })
  }
}
