/** The rights matrix of the wire: every client message, in both formats, of every role, for what is whose. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { ROLES } from '../../../src/domain/roles.ts'
import type { WireFormat } from '../../../src/protocol/codec.ts'
import { CLIENT_TYPES } from '../../../src/protocol/wire/message-types.ts'
import type { ServerMessage } from '../../../src/protocol/wire/server-tuples.ts'
import { until } from '../../support/engine.ts'
import { type Caller, helloOutcome, type Outcome, REACHES, type Reach, wireOutcome } from './rules.ts'
import { Wire } from './wire.ts'
import { hasNoId, reachesOf, WIRE_CASES, type WireCase } from './wire-cases.ts'
import { changedBetween, HERE, type Scene, THERE, World } from './world.ts'

type Type = keyof typeof WIRE_CASES

interface Cell {
  readonly type: Type
  readonly tried: WireCase
  readonly reach: Reach
  readonly caller: Caller
  readonly expected: Outcome
}

const FORMATS: readonly WireFormat[] = ['binary', 'json']
/** On a socket nobody and a stranger are one: neither has been welcomed. */
const SPEAKERS: readonly Caller[] = [...ROLES, 'nobody']

const CELLS: readonly Cell[] = (Object.keys(WIRE_CASES) as Type[]).flatMap(type =>
  WIRE_CASES[type].flatMap(tried =>
    reachesOf(tried).flatMap(reach =>
      SPEAKERS.map(caller => {
        return { type, tried, reach, caller, expected: wireOutcome(type, tried.names, reach, caller) }
      }),
    ),
  ),
)
const titleOf = ({ type, tried: { names }, reach, caller }: Cell): string =>
  `${caller}: ${type}${names === null ? '' : ` (${names}: ${reach})`}`

const world = new World()
const opened: Wire[] = []
after(() => {
  for (const wire of opened) wire.end()
})

async function open(format: WireFormat): Promise<Wire> {
  const wire = await Wire.open(world.site.port, format)
  opened.push(wire)
  return wire
}

/** A session of each role that was welcomed, and a socket that has not said hello. */
async function everybody(format: WireFormat): Promise<Map<Caller, Wire>> {
  await world.open()
  const wires = new Map<Caller, Wire>()
  for (const caller of SPEAKERS) {
    const wire = await open(format)
    wires.set(caller, wire)
    if (caller === 'nobody') continue
    const unit = caller === 'driver' ? 'A1' : null
    // A stream for each format: seqs begin anew in it.
    const streams = caller === 'driver' ? [[`${format}-1`, 'gnss', 1]] : []
    wire.send('hello', 'h', world.token(caller), HERE, caller, unit, Date.now(), streams)
    const [kind] = await wire.answer('h')
    assert.equal(kind, 'welcome', caller)
  }
  world.driver = wires.get('driver')!
  return wires
}

/** `done`, or the code of the refusal; an attach is refused in its reply, each channel for itself. */
function outcomeOf(message: ServerMessage): string {
  if (message[0] === 'error') return message[2]
  if (message[0] !== 'reply') return message[0] === 'welcome' ? 'done' : message[0]
  const refused = message[3].refused as [number, string][] | undefined
  return refused?.[0]?.[1] ?? 'done'
}

let numbers = 0
/** Says a message, and what came back under its id. */
async function say(wire: Wire, { type, tried, reach }: Cell, scene: Scene, id = world.stage.id()): Promise<string> {
  numbers += 1
  const fields = tried.fields(scene[reach], scene, numbers)
  for (let attempt = 1; ; attempt += 1) {
    wire.send(type, ...(hasNoId(type) ? [] : [id]), ...fields)
    const outcome = outcomeOf(await wire.answer(hasNoId(type) ? null : id))
    // The store of a busy machine may stall for a moment: whoever is told so repeats the command under its id [CM-7].
    if (outcome !== 'unavailable' || attempt === 5) return outcome
    await sleep(1_000)
  }
}

/** Every message that must be refused, while everything that it names is there; nothing stored may change. */
async function tryRefused(wires: ReadonlyMap<Caller, Wire>): Promise<readonly string[]> {
  const scene = await world.set('orders')
  const cells = CELLS.filter(({ expected }) => expected !== 'done')
  const stored = await until('nothing is being stored any more', async () => {
    const [one, two] = [await world.contents(), await world.contents()]
    return changedBetween(one, two).length === 0 && two
  })
  const wrong: string[] = []
  for (const cell of cells) {
    const outcome = await say(wires.get(cell.caller)!, cell, scene)
    if (outcome !== cell.expected) wrong.push(`${titleOf(cell)}: ${outcome} and not ${cell.expected}`)
  }
  return [...wrong, ...changedBetween(stored, await world.contents()).map(table => `${table} has changed`)]
}

/** Each is sent once a format, on a stream of its own; a hint comes after the fix. */
const SEQS: Readonly<Record<string, number>> = { mark: 0, fix: 1, hint: 2, 'feed-fixes': 1 }

/** What an allowed message without an id brings about, which must come to pass. */
async function bringsAbout(wire: Wire, { type, caller, tried, reach }: Cell, scene: Scene): Promise<void> {
  const seq = SEQS[type]!
  const fields = tried.fields(scene[reach], scene, seq)
  if (caller === 'feed') {
    const id = world.stage.id()
    wire.send('attach', id, [[0, 'F1', `e${id}`, 'gnss', 1]])
    assert.equal(outcomeOf(await wire.answer(id)), 'done')
  }
  wire.send(type, ...fields)
  if (type === 'hint') {
    const [, , lonE7] = fields[2] as number[]
    await until('the unit is where the hint says', async () => {
      const { body } = await world.ask('GET', '/v1/units/A1/state', { token: world.token('dispatcher') })
      return body.fix?.lonE7 === lonE7
    })
    return
  }
  if (type !== 'mark') wire.send('mark', 0)
  await wire.hear(`the mark after ${type}`, message => {
    if (message[0] === 'marks') return message[2] >= seq
    return message[0] === 'feed-marks' && message[1].some(([channel, mark]) => channel === 0 && mark >= seq)
  })
}

/** Every message that must be taken, each in a setting in which it is; the commands as `principal id`. */
async function tryAllowed(wires: ReadonlyMap<Caller, Wire>, commands: string[]): Promise<readonly string[]> {
  const wrong: string[] = []
  // What changes nothing leaves the setting as it is for the next.
  let kept: Scene | null = null
  for (const cell of CELLS.filter(({ expected }) => expected === 'done')) {
    const { tried, reach, caller } = cell
    const wire = wires.get(caller)!
    wire.forget()
    const isCommand = tried.shows === 'command'
    const scene: Scene = isCommand || kept === null ? await world.set(tried.setting ?? 'orders', reach) : kept
    kept = isCommand ? null : scene
    if (tried.shows === 'effect') {
      await bringsAbout(wire, cell, scene)
      continue
    }
    const id = world.stage.id()
    const outcome = await say(wire, cell, scene, id)
    if (outcome !== 'done') wrong.push(`${titleOf(cell)}: ${outcome} and not done`)
    if (isCommand) commands.push(`${caller}-1 ${id}`)
  }
  return wrong
}

test('every client message has its cases, and no case is of a message that there is not', () => {
  assert.deepEqual(['hello', ...Object.keys(WIRE_CASES)].sort(), Object.keys(CLIENT_TYPES).sort())
})

for (const format of FORMATS) {
  test(`each message is refused to whom it must be, with its code, and changes nothing (${format})`, async t => {
    const refused = await tryRefused(await everybody(format))
    assert.deepEqual(refused, [])
    t.diagnostic(`${CELLS.filter(({ expected }) => expected !== 'done').length} refused cells`)
  })

  test(`each message is taken from whom it may come, and each command is recorded as theirs (${format})`, async t => {
    const commands: string[] = []
    assert.deepEqual(await tryAllowed(await everybody(format), commands), [])
    const rows = await world.site.query<{ line: string }>(
      `SELECT principal || ' ' || command_id AS line FROM log.commands WHERE region = $1`,
      [HERE],
    )
    const recorded = new Set(rows.map(({ line }) => line))
    assert.deepEqual(
      commands.filter(line => !recorded.has(line)),
      [],
    )
    t.diagnostic(`${CELLS.filter(({ expected }) => expected === 'done').length} allowed cells`)
  })
}

test('a hello is welcomed for the role, region and unit of its credential alone', async t => {
  await world.open()
  const tokenOf = async (caller: Caller) => {
    // A unit of its own: A1 has a session that this must not end.
    if (caller === 'driver') return (await world.login('driver-1', { unit: 'H1' })).accessToken
    return caller === 'nobody' ? 'no-token' : world.token(caller)
  }
  const units = { own: 'H1', 'other-unit': 'B1', none: null } as const
  const wrong: string[] = []
  let cells = 0
  for (const format of FORMATS) {
    for (const caller of [...SPEAKERS, 'stranger'] as const) {
      const token = await tokenOf(caller)
      for (const role of ROLES) {
        for (const reach of REACHES.filter(each => each !== 'other-unit')) {
          for (const unit of ['own', 'other-unit', 'none'] as const) {
            const expected = helloOutcome({ caller, role, reach, unit })
            const wire = await Wire.open(world.site.port, format)
            wire.send('hello', 'h', token, reach === 'own' ? HERE : THERE, role, units[unit], Date.now(), [])
            const outcome = outcomeOf(await wire.answer('h'))
            if (outcome !== expected) wrong.push(`${caller} as ${role}, ${reach}, ${unit}: ${outcome}, not ${expected}`)
            const isTurnedAway = expected !== 'done' && expected !== 'invalid-field'
            if (isTurnedAway && outcome === expected) assert.equal((await wire.closed).code, 4401)
            wire.end()
            cells += 1
          }
        }
      }
    }
  }
  assert.deepEqual(wrong, [])
  assert.equal(cells, FORMATS.length * 7 * ROLES.length * 2 * 3)
  t.diagnostic(`${cells} cells`)
})

test('every client message was counted under its name', async () => {
  await world.open()
  const { body } = await world.site.http('/metrics')
  const counted = [...(body as string).matchAll(/^goldenhour_frames_total\{direction="in",type="([\w-]+)"\}/gm)]
  const names = new Set(counted.map(([, type]) => type))
  assert.deepEqual(
    Object.keys(CLIENT_TYPES).filter(type => !names.has(type)),
    [],
  )
})
