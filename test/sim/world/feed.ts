/**
 * A feed: the gateway of vehicle modems that reports for units whose crews' phones do not.
 *
 * It reports a unit more often while it drives. It may lose power, with or without what it held, and lets go of a unit
 * now and then, to take it up again later.
 */
import { FeedClient } from '../../../src/client/feed-client.ts'
import { type ReportedFix, UnitDetached } from '../../../src/client/index.ts'
import type { Dice } from '../../fuzz/dice.ts'
import type { Device } from '../core/device.ts'
import { HOUR_MS, MINUTE_MS, SECOND_MS, untilNextMs } from './chance.ts'
import { loseClock } from './clock-trouble.ts'
import { FixLog } from './fix-log.ts'
import type { ClientStanding } from './parts.ts'
import type { Town } from './town.ts'
import type { Vehicle } from './vehicle.ts'

interface Carried {
  readonly unitId: string
  readonly vehicle: Vehicle
  log: FixLog
  isAttached: boolean
}

const MOVING_CADENCE_MS = 5 * SECOND_MS
const STANDING_CADENCE_MS = 30 * SECOND_MS

export class Feed {
  readonly name: string
  readonly #town: Town
  readonly #dice: Dice
  readonly #device: Device
  readonly #carried: readonly Carried[]
  #client: FeedClient | null = null
  /** Times that it began streams of its own after a crash. */
  #spareLogs = 0
  #isCrashing = false

  constructor(town: Town, name: string, units: readonly { readonly unitId: string; readonly vehicle: Vehicle }[]) {
    this.name = name
    this.#town = town
    this.#dice = town.dice(name)
    this.#device = town.device(name)
    this.#carried = units.map(unit => ({ ...unit, log: new FixLog('feed'), isAttached: true }))
  }

  begin(): void {
    this.#start()
    const { clumsiness } = this.#town.plan.troubles
    if (clumsiness > 0) this.#planTrouble(HOUR_MS / (3 * clumsiness))
  }

  calm(): void {
    this.#device.powerOn()
    this.#device.setClock(0)
    this.#start()
    this.#attachAll()
  }

  /** It crashes again and again, each time with streams of their own, and then has its first ones again. */
  crashApp(dice: Dice): void {
    if (this.#isCrashing || !this.#device.isOn) return
    this.#isCrashing = true
    const { loop, chronicle } = this.#town
    const first = this.#carried.map(({ log }) => log)
    const times = dice.within([3, 20])
    chronicle.tell(this.name, `crashes ${times} times`)
    const next = (left: number) => {
      this.#lose()
      const isOver = left === 0 || this.#town.isCalm
      this.#spareLogs += 1
      this.#carried.forEach((unit, i) => {
        unit.log = isOver ? first[i]! : new FixLog(`feed${this.#spareLogs}_`)
      })
      this.#device.powerOn()
      this.#start()
      if (isOver) this.#isCrashing = false
      else loop.after(dice.within([8 * SECOND_MS, 50 * SECOND_MS]), () => next(left - 1))
    }
    next(times)
  }

  /** Its disk hears nothing of what was durable. */
  #lose(): void {
    for (const { unitId, log } of this.#carried) {
      const progress = this.#client?.progress(unitId)
      if (progress !== undefined && progress.streamId !== log.streamId) log.follow(progress)
    }
    this.#device.powerOff()
    this.#client = null
  }

  standing(): ClientStanding {
    const client = this.#client
    return {
      name: this.name,
      isAway: false,
      isOpen: client?.connectionState === 'open',
      commandsUnanswered: 0,
      fixesNotDurable: client?.fixesNotDurable ?? this.#carried.reduce((sum, { log }) => sum + log.fixes.length, 0),
      reportsFor: null,
    }
  }

  #start(): void {
    if (this.#client !== null || !this.#device.isOn) return
    const units = this.#carried.map(({ unitId }) => unitId)
    const token = this.#town.token({ sub: this.name, role: 'feed', units })
    const client = new FeedClient({ ...this.#device.clientOptions(token), role: 'feed' })
    this.#client = client
    client.onClosed(({ reason }) => {
      this.#town.chronicle.tell(this.name, `the client has ended: ${reason}`)
      if (this.#client !== client) return
      this.#keepLogs()
      this.#client = null
      this.#device.after(30 * SECOND_MS, () => this.#start())
    })
    client.onDetached(({ unitId, code }) => {
      this.#town.chronicle.tell(this.name, `loses ${unitId}: ${code}`)
      this.#device.after(MINUTE_MS, () => {
        if (this.#carried.find(unit => unit.unitId === unitId)?.isAttached) client.attach([unitId])
      })
    })
    for (const unit of this.#carried) {
      if (unit.isAttached) this.#attach(client, unit)
      this.#reportIn(unit, this.#dice.within([0, MOVING_CADENCE_MS]))
    }
  }

  #attach(client: FeedClient, { unitId, log }: Carried): void {
    client.attach([{ unitId, streamId: log.streamId, firstSeq: log.firstSeq }])
    for (const fix of log.fixes) client.send(unitId, fix)
  }

  #attachAll(): void {
    for (const unit of this.#carried) {
      if (unit.isAttached) continue
      unit.isAttached = true
      if (this.#client !== null) this.#attach(this.#client, unit)
    }
  }

  #reportIn(unit: Carried, delayMs: number): void {
    this.#device.after(delayMs, () => {
      const { nowMs } = this.#town.loop
      this.#report(unit, nowMs)
      this.#reportIn(unit, unit.vehicle.isMoving(nowMs) ? MOVING_CADENCE_MS : STANDING_CADENCE_MS)
    })
  }

  #report({ unitId, vehicle, log, isAttached }: Carried, nowMs: number): void {
    const client = this.#client
    if (client === null || !isAttached) return
    const fix: ReportedFix = { ...vehicle.measuredAt(nowMs), fixedAtMs: Math.floor(nowMs) }
    try {
      client.send(unitId, fix)
    } catch (error) {
      // The engine has given the unit away; until it is attached again nobody takes its fixes.
      if (error instanceof UnitDetached) return
      throw error
    }
    log.add(fix, client.progress(unitId)!)
  }

  #keepLogs(): void {
    for (const { unitId, log } of this.#carried) {
      const progress = this.#client?.progress(unitId)
      if (progress !== undefined) log.follow(progress)
    }
  }

  #planTrouble(everyMs: number): void {
    this.#town.loop.after(untilNextMs(this.#dice, everyMs), () => {
      if (this.#town.isCalm) return
      this.#trouble()
      this.#planTrouble(everyMs)
    })
  }

  #trouble(): void {
    switch (this.#dice.weighed({ restart: 2, unit: 2, clock: 1 })) {
      case 'restart':
        return this.#restart()
      case 'unit':
        return this.#letGoOfOne()
      case 'clock':
        return loseClock(this.#town, this.#dice, this.#device)
    }
  }

  #restart(): void {
    const { loop, chronicle } = this.#town
    if (!this.#device.isOn || this.#isCrashing) return
    const keepsDisk = !this.#dice.oneIn(3)
    const downMs = this.#dice.within([5 * SECOND_MS, 5 * MINUTE_MS])
    chronicle.tell(
      this.name,
      `goes off for ${Math.round(downMs / SECOND_MS)} s${keepsDisk ? '' : ', and all that it held is lost'}`,
    )
    this.#keepLogs()
    this.#device.powerOff()
    this.#client = null
    if (!keepsDisk) for (const { log } of this.#carried) log.startOver()
    loop.after(downMs, () => {
      if (this.#device.isOn) return
      chronicle.tell(this.name, 'is on again')
      this.#device.powerOn()
      this.#start()
    })
  }

  /** What is not durable of it stays on the disk, and goes out when the unit is attached again. */
  #letGoOfOne(): void {
    const { loop, chronicle } = this.#town
    const client = this.#client
    const unit = this.#dice.pick(this.#carried)
    if (client === null || !unit.isAttached) return
    chronicle.tell(this.name, `lets go of ${unit.unitId}`)
    const progress = client.progress(unit.unitId)
    if (progress !== undefined) unit.log.follow(progress)
    unit.isAttached = false
    client.detach([unit.unitId])
    loop.after(this.#dice.within([10 * SECOND_MS, 10 * MINUTE_MS]), () => {
      if (unit.isAttached) return
      chronicle.tell(this.name, `takes ${unit.unitId} up again`)
      unit.isAttached = true
      if (this.#client !== null) this.#attach(this.#client, unit)
    })
  }
}
