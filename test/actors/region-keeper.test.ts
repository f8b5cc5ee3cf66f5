/** Taking the regions of a database: side by side, standing by for another engine, and in spite of a store that fails. */
import assert from 'node:assert/strict'
import { beforeEach, describe, test } from 'node:test'
import { ActorSystem } from '../../src/actors/actor-system.ts'
import { RegionKeeper } from '../../src/actors/region-keeper.ts'
import type { Position } from '../../src/domain/geo.ts'
import { DEFAULT_POLICY, type Policy } from '../../src/domain/policy.ts'
import { Leases } from '../../src/store/leases/leases.ts'
import { MemoryLeaseTable } from '../../src/store/leases/memory-lease-table.ts'
import { type Acquired, type Journal, StoreUnavailable } from '../../src/store/log/journal.ts'
import { MemoryJournal } from '../../src/store/log/memory-journal.ts'
import { createLogger } from '../../src/telemetry/log.ts'
import { Metrics } from '../../src/telemetry/metrics.ts'
import { OutageLog } from '../../src/telemetry/outage-log.ts'
import { ManualMachine } from '../support/manual-machine.ts'
import { settle } from '../support/region-world.ts'

let machine: ManualMachine
let table: MemoryLeaseTable
let regions: string[]
/** What reading the reference data meets, the first time and so on. */
let referenceFaults: Error[]
/** How often it was looked at, and how long each look takes. */
let looks: number
let lookMs: number
/** What every region is to go by. */
let policy: Partial<Policy> & { version: number }
/** Since which version the units of which region were asked for. */
let stations: Position[]
let unitsAsked: (readonly [region: string, since: number | null])[]

beforeEach(() => {
  machine = new ManualMachine()
  table = new MemoryLeaseTable(() => machine.wallMs())
  regions = ['akl']
  referenceFaults = []
  looks = 0
  lookMs = 0
  policy = { version: 1 }
  stations = []
  unitsAsked = []
})

class MemoryWithFaults extends MemoryJournal {
  /** What taking a region meets, by region. */
  readonly faults = new Map<string, Error[]>()
  /** Regions that wait in `acquire` until they are let go. */
  readonly held = new Map<string, () => void>()
  hold = false
  mostAtOnce = 0

  override async acquire(region: string): Promise<Acquired> {
    if (this.hold) {
      await new Promise<void>(resolve => {
        this.held.set(region, resolve)
        this.mostAtOnce = Math.max(this.mostAtOnce, this.held.size)
      })
    }
    this.held.delete(region)
    const fault = this.faults.get(region)?.shift()
    if (fault !== undefined) throw fault
    return super.acquire(region)
  }
}

function engine(name: string, journal: Journal = new MemoryJournal(), onTaken?: (waited: boolean) => Promise<void>) {
  const lost: string[] = []
  const system = new ActorSystem({ soon: setImmediate, monotonicMs: () => machine.monotonicMs(), onFailure: () => {} })
  const leases = new Leases({
    table,
    scheduler: machine,
    node: name,
    processIncarnation: `run of ${name}`,
    handlers: { onLost: region => keeper.lost(region), onRenewalFailed: () => undefined },
  })
  const nowMs = machine.wallMs()
  const keeper = new RegionKeeper({
    shared: { anchor: { anchorRegionMs: nowMs, anchorWallMs: nowMs, rate: 1 }, machine, system, journal },
    leases,
    reference: {
      version: async () => {
        looks += 1
        if (lookMs > 0) await new Promise<void>(resolve => void machine.after(lookMs, resolve))
        const fault = referenceFaults.shift()
        if (fault !== undefined) throw fault
        return regions.length + policy.version - 1
      },
      listRegions: async () =>
        regions.map(
          region => ({ region, name: region, timeZone: 'UTC', dispatchMode: 'ordered', version: 1 }) as never,
        ),
      listPolicies: async () => new Map(regions.map(region => [region, { ...DEFAULT_POLICY, ...policy }])),
      listHospitals: async () => new Map(),
      listStationPlaces: async () => new Map(regions.map(region => [region, stations])),
      listUnits: async (region, since) => {
        unitsAsked.push([region, since])
        return []
      },
      listRetiredUnits: async () => [],
    },
    telemetry: {
      metrics: new Metrics(),
      log: createLogger({ level: 'silent' }),
      outages: new OutageLog(createLogger({ level: 'silent' }), () => machine.monotonicMs()),
    },
    newId: region => `${region}.id`,
    onLost: error => lost.push(error.message),
    ...(onTaken === undefined ? {} : { onTaken }),
  })
  const stop = async () => {
    await keeper.beginDrain()
    await keeper.close()
    await leases.stop()
    await system.close()
  }
  return { keeper, leases, lost, stop }
}

const advance = (ms: number) => machine.advance(ms, settle)

describe('an engine beside a living one', () => {
  test('stands by, says behind whom, and takes over as soon as the leases are given back', async () => {
    const first = engine('first')
    await first.keeper.start()
    const waits: boolean[] = []
    const second = engine('second', new MemoryJournal(), async waited => void waits.push(waited))
    const started = second.keeper.start()
    await advance(30_000)
    const { status, behind } = second.keeper.readiness()
    assert.deepEqual([second.keeper.ready(), status, behind, waits], [false, 'standby', 'first', []])
    assert.equal(second.keeper.region('akl'), null)

    const stopping = first.stop()
    await advance(2_500)
    await stopping
    await started
    assert.deepEqual([second.keeper.ready(), second.keeper.readiness().status, waits], [true, 'ready', [true]])
    assert.notEqual(second.keeper.region('akl'), null)
    await second.stop()
  })

  test('takes over when the other one has died, once its lease has lapsed', async () => {
    const nodes = { node: 'dead', processIncarnation: 'run of dead' }
    assert.equal(await table.take(['akl'], nodes, 3_000), 'taken')
    const second = engine('second')
    const started = second.keeper.start()
    await advance(2_900)
    assert.equal(second.keeper.ready(), false)
    await advance(400)
    await started
    assert.equal(second.keeper.ready(), true)
    await second.stop()
  })

  test('that is told to stop while it stands by just ends', async () => {
    const first = engine('first')
    await first.keeper.start()
    const second = engine('second')
    const started = second.keeper.start()
    await advance(1_000)
    const stopping = second.stop()
    await advance(1_000)
    await Promise.all([started, stopping])
    assert.equal(second.keeper.ready(), false)
    assert.deepEqual([first.keeper.ready(), first.lost], [true, []])
    await first.stop()
  })

  test('without any region is ready, and is a standby once another engine has taken one that was added', async () => {
    regions = []
    const [first, second] = [engine('first'), engine('second')]
    await Promise.all([first.keeper.start(), second.keeper.start()])
    assert.deepEqual([first.keeper.ready(), second.keeper.ready()], [true, true])
    regions = ['akl']
    await advance(2_100)
    const states = [first, second].map(({ keeper }) => keeper.readiness().status)
    assert.deepEqual(states.sort(), ['ready', 'standby'])
    const stops = [first.stop(), second.stop()]
    await advance(2_100)
    await Promise.all(stops)
  })

  test('nothing is waited for where nobody has the leases', async () => {
    const waits: boolean[] = []
    const alone = engine('alone', new MemoryJournal(), async waited => void waits.push(waited))
    await alone.keeper.start()
    assert.deepEqual([waits, alone.keeper.ready()], [[false], true])
    await alone.stop()
  })
})

describe('a start', () => {
  const away = () => new StoreUnavailable('away')

  test('waits for a store that is away, at every step, and is not ready meanwhile', async () => {
    const journal = new MemoryWithFaults()
    referenceFaults = Array.from({ length: 5 }, away)
    journal.faults.set('akl', Array.from({ length: 5 }, away))
    const slow = engine('slow', journal)
    const started = slow.keeper.start()
    await advance(1_000)
    assert.equal(slow.keeper.ready(), false)
    await advance(20_000)
    await started
    assert.equal(slow.keeper.ready(), true)
    await slow.stop()
  })

  test('recovers regions side by side, a few at a time, and tells which and how far', async () => {
    regions = Array.from({ length: 10 }, (_, index) => `r${index}`)
    const journal = new MemoryWithFaults()
    journal.hold = true
    const many = engine('many', journal)
    const started = many.keeper.start()
    await settle()
    assert.equal(journal.held.size, 4)
    while (!many.keeper.ready()) {
      for (const [, letGo] of [...journal.held]) letGo()
      await settle()
    }
    await started
    assert.equal(journal.mostAtOnce, 4)
    assert.equal(many.keeper.readiness().recovered, 10)
    await many.stop()
  })

  test('leaves out a region that cannot be recovered, serves the others, and tries it again', async () => {
    regions = ['akl', 'bad', 'chc']
    const journal = new MemoryWithFaults()
    journal.faults.set('bad', [new Error('invalid page in block 2'), new Error('invalid page in block 2')])
    const partly = engine('partly', journal)
    await partly.keeper.start()
    const { status, recovered, away: missing } = partly.keeper.readiness()
    assert.deepEqual([status, recovered, [...missing]], ['ready', 2, [['bad', 'invalid page in block 2']]])
    assert.notEqual(partly.keeper.region('bad'), null, 'it is known, and answers that it is unavailable')
    await advance(60_100)
    assert.deepEqual([...partly.keeper.readiness().away.keys()], ['bad'])
    await advance(60_100)
    assert.deepEqual([partly.keeper.readiness().recovered, partly.keeper.readiness().away.size], [3, 0])
    await partly.stop()
  })

  test('is not ready when every region is away', async () => {
    const journal = new MemoryWithFaults()
    journal.faults.set('akl', [new Error('a page is invalid')])
    const none = engine('none', journal)
    await none.keeper.start()
    assert.deepEqual([none.keeper.ready(), none.keeper.readiness().away.size], [false, 1])
    await advance(60_100)
    assert.equal(none.keeper.ready(), true)
    await none.stop()
  })
})

test('those who wait for a change to be known share a look, and looks take no more than a tenth of the time', async () => {
  const { keeper } = engine('one')
  await keeper.start()
  lookMs = 20
  looks = 0
  const first = Array.from({ length: 10 }, () => keeper.follow(2_000))
  await machine.advance(20, settle)
  assert.deepEqual(new Set(await Promise.all(first)), new Set([true]))
  assert.equal(looks, 1)
  const second = Array.from({ length: 10 }, () => keeper.follow(2_000))
  await machine.advance(179, settle)
  assert.equal(looks, 1, 'nine times the look is the rest behind it')
  await machine.advance(1, settle)
  await machine.advance(20, settle)
  assert.deepEqual(new Set(await Promise.all(second)), new Set([true]))
  assert.equal(looks, 2)
  lookMs = 5_000
  const third = keeper.follow(2_000)
  await machine.advance(2_000, settle)
  assert.equal(await third, false, 'whoever cannot be waited for is told so')
  await keeper.beginDrain()
})

test('a region is told all its units once, and then what has changed since', async () => {
  const { keeper, stop } = engine('one')
  await keeper.start()
  regions.push('wlg')
  assert.equal(await keeper.follow(60_000), true)
  regions.push('chc')
  const second = keeper.follow(60_000)
  await machine.advance(1_000, settle)
  assert.equal(await second, true)
  assert.deepEqual(unitsAsked, [
    ['akl', null],
    ['akl', 1],
    ['wlg', null],
    ['akl', 2],
    ['wlg', 2],
    ['chc', null],
  ])
  await stop()
})

test('where its stations are a region knows from its first choice on, a change soon, and also one while it is recovered', async () => {
  const there = { lonDeg: 174, latDeg: -36 }
  const isAtStation = async ({ keeper }: ReturnType<typeof engine>) => {
    await settle()
    const [host] = keeper.hosts()
    return host!.region!.roads.isAtStation(there)
  }
  const journal = new MemoryWithFaults()
  stations = [there]
  const one = engine('one', journal)
  const begun = one.keeper.start()
  await advance(1_000)
  await begun
  assert.equal(await isAtStation(one), true)
  stations = [{ lonDeg: 0, latDeg: 0 }]
  policy = { version: 2 }
  await advance(1_000)
  assert.equal(await isAtStation(one), false)
  await one.stop()
  journal.hold = true
  const two = engine('two', journal)
  const started = two.keeper.start()
  await advance(100)
  stations = [there]
  policy = { version: 3 }
  journal.hold = false
  journal.held.get('akl')!()
  await advance(1_000)
  await started
  assert.equal(await isAtStation(two), true)
  await two.stop()
})

/** By which version the region decides. */
const goesBy = async ({ keeper }: ReturnType<typeof engine>, region: string) => {
  for (const host of keeper.hosts()) {
    if (host.regionId !== region) continue
    await settle()
    return host.region?.policyVersion
  }
  return undefined
}

describe('the policy of a region', () => {
  test('is known to it before whoever waits for the change is answered, and follows by itself within a second', async () => {
    const one = engine('one')
    await one.keeper.start()
    assert.equal(await goesBy(one, 'akl'), 1)
    policy = { version: 2, mode: 'offered' }
    assert.equal(await one.keeper.follow(60_000), true)
    assert.equal(await goesBy(one, 'akl'), 2)
    policy = { version: 3 }
    await advance(1_000)
    assert.equal(await goesBy(one, 'akl'), 3)
    await one.stop()
  })

  test('is the one that stands when another engine takes over', async () => {
    const first = engine('first')
    await first.keeper.start()
    policy = { version: 2 }
    await advance(1_000)
    const second = engine('second')
    const started = second.keeper.start()
    await advance(30_000)
    policy = { version: 3 }
    await first.stop()
    await advance(1_000)
    await started
    assert.equal(await goesBy(second, 'akl'), 3)
    await second.stop()
  })

  test('is the newest also where it changed while the region was recovered', async () => {
    const journal = new MemoryWithFaults()
    journal.hold = true
    const one = engine('one', journal)
    const started = one.keeper.start()
    await advance(100)
    policy = { version: 2 }
    journal.hold = false
    journal.held.get('akl')!()
    await advance(1_000)
    await started
    assert.equal(await goesBy(one, 'akl'), 2)
    await one.stop()
  })

  test('comes to a region that is away once it is back', async () => {
    const journal = new MemoryWithFaults()
    journal.faults.set('akl', [new Error('what is stored of it cannot be read')])
    regions = ['akl', 'wlg']
    const one = engine('one', journal)
    await one.keeper.start()
    policy = { version: 2 }
    await advance(1_000)
    assert.deepEqual([await goesBy(one, 'akl'), await goesBy(one, 'wlg')], [undefined, 2])
    await advance(60_000)
    assert.equal(await goesBy(one, 'akl'), 2)
    await one.stop()
  })
})
