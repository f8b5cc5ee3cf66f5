/** All people and programs of a run, made from its plan, and what they show when somebody asks how they are. */
import type { UnitReference } from '../../../src/domain/events/unit-events.ts'
import type { Dice } from '../../fuzz/dice.ts'
import { Callers, unitsOf } from './calls.ts'
import { HOUR_MS, untilNextMs } from './chance.ts'
import { City } from './city.ts'
import { Console } from './console.ts'
import { Crew } from './crew.ts'
import { Dispatcher } from './dispatcher.ts'
import { Feed } from './feed.ts'
import type { ClientStanding, Inhabitants, Picture, WorldParts } from './parts.ts'
import { RadioCrew } from './radio-crew.ts'
import { HearSay, type Town } from './town.ts'

export class World implements Inhabitants {
  readonly units: readonly UnitReference[]
  readonly city: City
  readonly #town: Town
  readonly #crews: readonly Crew[]
  readonly #radioCrews: readonly RadioCrew[]
  readonly #desks: readonly Dispatcher[]
  readonly #consoles: readonly Console[]
  readonly #feeds: readonly Feed[]
  readonly #callers: Callers

  constructor(parts: WorldParts) {
    const { plan } = parts
    const city = new City(parts.dice('city'))
    this.city = city
    const takesByRadio = (unitId: string, tripId: string) => this.#takesByRadio(unitId, tripId)
    const town: Town = { ...parts, city, trips: new HearSay(), offers: new HearSay(), takesByRadio, isCalm: false }
    this.#town = town
    this.units = unitsOf(plan.drivers + plan.feedUnits, parts.dice('units'), parts.dice('carriers'))
    // Of the vehicles that have a modem every second has a crew without an app.
    const hasApp = (index: number) => index < plan.drivers || (index - plan.drivers) % 2 === 0
    const name = (index: number) => `crew-${index + 1}`
    const fed: (Crew | RadioCrew)[] = []
    const crews: Crew[] = []
    const desks = () => this.#desks
    for (const [index, unit] of this.units.entries()) {
      const isFed = index >= plan.drivers
      if (hasApp(index)) crews.push(new Crew({ town, name: name(index), unit, reports: !isFed }))
      if (isFed) fed.push(hasApp(index) ? crews.at(-1)! : new RadioCrew({ town, name: name(index), unit, desks }))
    }
    this.#crews = crews
    this.#radioCrews = fed.filter(one => one instanceof RadioCrew)
    this.#feeds = fed.length === 0 ? [] : [new Feed(town, 'feed-1', fed)]
    this.#desks = numbered(plan.dispatchers, 'desk', name => new Dispatcher(town, name))
    this.#consoles = numbered(plan.consoles, 'console', name => new Console(town, name))
    this.#callers = new Callers(town, this.units, this.#desks)
  }

  start(): void {
    for (const inhabitant of this.#all()) inhabitant.begin()
    this.#callers.begin()
    if (this.#town.plan.troubles.appLoops > 0) this.#planAppLoop(this.#town.dice('app loops'))
  }

  calm(): void {
    this.#town.chronicle.tell('world', 'is calm from now on')
    this.#town.isCalm = true
    for (const inhabitant of this.#all()) inhabitant.calm()
  }

  standings(): ClientStanding[] {
    return [
      ...this.#crews.flatMap(crew => crew.standings()),
      ...[...this.#desks, ...this.#consoles, ...this.#feeds].map(one => one.standing()),
    ]
  }

  pictures(): Picture[] {
    return [...this.#desks, ...this.#consoles].flatMap(one => one.picture() ?? [])
  }

  #takesByRadio(unitId: string, tripId: string): boolean {
    const withoutApp = this.#radioCrews.find(crew => crew.unitId === unitId)
    if (withoutApp === undefined) return this.#crews.some(crew => crew.unitId === unitId && crew.answersRadio())
    if (!withoutApp.answers()) return false
    withoutApp.takes(tripId)
    return true
  }

  #planAppLoop(dice: Dice): void {
    const { loop, plan } = this.#town
    loop.after(untilNextMs(dice, HOUR_MS / plan.troubles.appLoops), () => {
      if (this.#town.isCalm) return
      dice.pick([...this.#crews, ...this.#feeds]).crashApp(dice)
      this.#planAppLoop(dice)
    })
  }

  #all(): readonly { begin(): void; calm(): void }[] {
    return [...this.#crews, ...this.#radioCrews, ...this.#desks, ...this.#consoles, ...this.#feeds]
  }
}

const numbered = <T>(count: number, kind: string, make: (name: string) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(`${kind}-${index + 1}`))
