/** What the doorway to comedy promises: order, borders, isolation, fairness, and a process that is left alone. */
import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { type ActorRef, ActorSystem, type Behaviour } from '../../src/actors/actor-system.ts'
import { MAILBOX_BOUND } from '../../src/actors/mailbox.ts'

type Note = { readonly type: 'note'; readonly n: number }

let system: ActorSystem
let failures: { path: string; error: unknown }[]
const listenersBefore = { SIGINT: process.listeners('SIGINT'), SIGTERM: process.listeners('SIGTERM') }

const newSystem = () =>
  new ActorSystem({
    soon: setImmediate,
    // Time passes only where a test says so: how far a run of the pump gets must not depend on the machine.
    monotonicMs: () => 0,
    onFailure: (path, error) => failures.push({ path, error }),
  })
beforeEach(() => {
  failures = []
  system = newSystem()
})
afterEach(() => system.close())

const turns = async (count = 10) => {
  for (let i = 0; i < count; i++) await new Promise<void>(resolve => setImmediate(resolve))
}
const recorder = (seen: unknown[], label = ''): Behaviour<Note> => ({
  accepts: ['note'],
  receive: ({ n }) => void seen.push(label === '' ? n : `${label}${n}`),
})
const note = (n: number): Note => ({ type: 'note', n })

test('messages of one mailbox are delivered in the order in which they were told, whoever they are for', async () => {
  const mailbox = system.mailbox('r')
  const seen: string[] = []
  const parent = system.spawn(null, mailbox, 'region', recorder(seen, 'p'))
  const child = system.spawn(parent as never, mailbox, 'child', recorder(seen, 'c'))
  await turns()
  const expected: string[] = []
  for (let n = 0; n < 500; n++) {
    const toChild = n % 3 === 0
    assert.equal((toChild ? child : parent).tell(note(n)), true)
    expected.push(`${toChild ? 'c' : 'p'}${n}`)
  }
  await turns()
  assert.deepEqual(seen, expected)
})

test('a message told from within a turn comes after those that were waiting', async () => {
  const mailbox = system.mailbox('r')
  const seen: number[] = []
  const self = system.spawn<Note>(null, mailbox, 'region', {
    accepts: ['note'],
    receive({ n }) {
      seen.push(n)
      if (n < 3) self.tell(note(n + 10))
    },
  })
  for (let n = 0; n < 5; n++) self.tell(note(n))
  await turns()
  assert.deepEqual(seen, [0, 1, 2, 3, 4, 10, 11, 12])
})

test('messages for an actor that comedy has not made yet wait for it, in order', async () => {
  const mailbox = system.mailbox('r')
  const seen: unknown[] = []
  const parent = system.spawn(null, mailbox, 'region', recorder(seen, 'p'))
  const child = system.spawn(parent as never, mailbox, 'child', recorder(seen, 'c'))
  const grandchild = system.spawn(child as never, mailbox, 'grandchild', recorder(seen, 'g'))
  for (let n = 0; n < 3; n++) grandchild.tell(note(n))
  assert.deepEqual(seen, [])
  await turns()
  assert.deepEqual(seen, ['g0', 'g1', 'g2'])
  assert.equal(grandchild.path, 'region/child/grandchild')
})

test('an actor is made by its first message, and until then costs comedy nothing', async () => {
  const mailbox = system.mailbox('r')
  const seen: unknown[] = []
  const parent = system.spawn(null, mailbox, 'region', recorder(seen, 'p'))
  const children = Array.from({ length: 1_000 }, (_, n) =>
    system.spawn(parent as never, mailbox, `child${n}`, recorder(seen, `c${n}-`)),
  )
  await turns()
  assert.deepEqual([parent.stands, children.filter(child => child.stands).length], [false, 0])
  children[7]!.tell(note(1))
  await turns()
  assert.deepEqual([parent.stands, children.filter(child => child.stands)], [true, [children[7]]])
  assert.deepEqual(seen, ['c7-1'])
})

test('the first message of an actor is not overtaken by later ones of others', async () => {
  const mailbox = system.mailbox('r')
  const seen: string[] = []
  const standing = system.spawn(null, mailbox, 'region', recorder(seen, 'r'))
  standing.tell(note(0))
  await turns()
  const expected = ['r0']
  for (let n = 1; n < 100; n++) {
    system.spawn(standing as never, mailbox, `new${n}`, recorder(seen, 'n')).tell(note(n))
    standing.tell(note(n))
    expected.push(`n${n}`, `r${n}`)
  }
  while (mailbox.depth > 0) await turns(1)
  await turns()
  assert.deepEqual(seen, expected)
})

test('an actor that was never told anything ends with those above it, without having been made', async () => {
  const mailbox = system.mailbox('r')
  const seen: unknown[] = []
  const parent = system.spawn(null, mailbox, 'region', recorder(seen, 'p'))
  const [child, told] = ['child', 'told'].map(name =>
    system.spawn(parent as never, mailbox, name, recorder(seen, name)),
  ) as [ActorRef<Note>, ActorRef<Note>]
  told.tell(note(1))
  await turns()
  system.stop(parent as never)
  child.tell(note(2))
  told.tell(note(2))
  await turns()
  assert.deepEqual([seen, failures, mailbox.depth], [['told1'], [], 0])
})

test('a message of a type that the actor does not declare is not delivered, and is reported', async () => {
  const mailbox = system.mailbox('r')
  const called: string[] = []
  const behaviour = {
    accepts: ['note'] as const,
    receive: ({ type }: Note) => void called.push(type),
    // To comedy any method is a topic.
    destroy: () => void called.push('destroy'),
    secret: () => void called.push('secret'),
  }
  const ref = system.spawn<Note>(null, mailbox, 'region', behaviour)
  await turns()
  for (const type of ['secret', 'receive', 'initialize', 'toString']) {
    assert.equal(ref.tell({ type, n: 1 } as never), false)
  }
  ref.tell(note(1))
  await turns()
  assert.deepEqual(called, ['note'])
  assert.deepEqual(
    failures.map(({ path, error }) => [path, error instanceof TypeError]),
    Array.from({ length: 4 }, () => ['region', true]),
  )
})

test('a handler that throws is reported with its path and hurts nobody, itself included', async () => {
  const mailbox = system.mailbox('r')
  const seen: unknown[] = []
  const parent = system.spawn(null, mailbox, 'region', recorder(seen, 'p'))
  const broken = system.spawn<Note>(parent as never, mailbox, 'broken', {
    accepts: ['note'],
    receive({ n }) {
      if (n === 1) throw new Error('a mistake')
      seen.push(`b${n}`)
    },
  })
  for (const n of [0, 1, 2]) {
    broken.tell(note(n))
    parent.tell(note(n))
  }
  await turns()
  assert.deepEqual(seen, ['b0', 'p0', 'p1', 'b2', 'p2'])
  assert.deepEqual(
    failures.map(({ path, error }) => [path, (error as Error).message]),
    [['region/broken', 'a mistake']],
  )
})

test('a full mailbox takes no more, says so, and takes again when there is room', async () => {
  const mailbox = system.mailbox('r')
  let count = 0
  const ref = system.spawn<Note>(null, mailbox, 'region', { accepts: ['note'], receive: () => void count++ })
  for (let n = 0; n < MAILBOX_BOUND; n++) assert.equal(ref.tell(note(n)), true)
  assert.equal(ref.tell(note(-1)), false)
  assert.equal(mailbox.depth, MAILBOX_BOUND)
  while (mailbox.depth > 0) await turns(1)
  await turns()
  assert.equal(count, MAILBOX_BOUND)
  assert.equal(ref.tell(note(-2)), true)
  await turns()
  assert.equal(count, MAILBOX_BOUND + 1)
})

test('what an actor declares as never refused is taken by a full mailbox too, in its order', async () => {
  type Message = Note | { readonly type: 'end' }
  const mailbox = system.mailbox('r')
  const seen: string[] = []
  const ref = system.spawn<Message>(null, mailbox, 'region', {
    accepts: ['note', 'end'],
    neverRefused: ['end'],
    receive: ({ type }) => void seen.push(type),
  })
  await turns()
  while (ref.tell(note(0)));
  assert.deepEqual([ref.tell({ type: 'end' }), ref.tell(note(1)), mailbox.depth], [true, false, MAILBOX_BOUND + 1])
  while (mailbox.depth > 0) await turns(1)
  assert.deepEqual([seen.length, seen.indexOf('end')], [MAILBOX_BOUND + 1, MAILBOX_BOUND])
})

test('a full mailbox of one region refuses nothing of another', async () => {
  const [full, free] = [system.mailbox('full'), system.mailbox('free')]
  const nothing: Behaviour<Note> = { accepts: ['note'], receive: () => {} }
  const [a, b] = [system.spawn(null, full, 'a', nothing), system.spawn(null, free, 'b', nothing)]
  for (let n = 0; n < MAILBOX_BOUND; n++) a.tell(note(n))
  assert.deepEqual([a.tell(note(0)), b.tell(note(0))], [false, true])
  system.dropMailbox(full)
})

test('the loop is given back to I/O after each slice, however much is queued', async () => {
  // Time that passes only with the work: half a millisecond a message.
  let nowMs = 0
  const slow = new ActorSystem({ soon: setImmediate, monotonicMs: () => nowMs, onFailure: () => {} })
  const mailbox = slow.mailbox('r')
  let handled = 0
  const ref = slow.spawn<Note>(null, mailbox, 'region', {
    accepts: ['note'],
    receive() {
      handled++
      nowMs += 0.5
    },
  })
  await turns()
  for (let n = 0; n < 2_000; n++) ref.tell(note(n))
  const handledAtTurn: number[] = []
  while (handled < 2_000) {
    await turns(1)
    handledAtTurn.push(handled)
  }
  const slices = handledAtTurn.map((count, i) => count - (handledAtTurn[i - 1] ?? 0))
  // 2 ms are 4 messages.
  assert.equal(Math.max(...slices), 4)
  await slow.close()
})

/** A system whose pump and clock a test drives; `costMs` is what each message takes. */
function driven(costMs: (n: number) => number) {
  let nowMs = 0
  const runs: (() => void)[] = []
  const order: string[] = []
  const own = new ActorSystem({
    soon: run => void runs.push(run),
    monotonicMs: () => nowMs,
    onFailure: (_path, error) => assert.fail(String(error)),
  })
  const region = (name: string) => {
    const mailbox = own.mailbox(name)
    const ref = own.spawn<Note>(null, mailbox, name, {
      accepts: ['note'],
      receive({ n }) {
        order.push(`${name}${n}`)
        nowMs += costMs(n)
      },
    })
    return { mailbox, ref }
  }
  /** Runs the pump until nothing asks for it; answers how often, and how much was delivered in each run. */
  const pump = () => {
    const delivered: number[] = []
    for (let run = runs.shift(); run !== undefined; run = runs.shift()) {
      const before = order.length
      run()
      delivered.push(order.length - before)
      assert.ok(delivered.length < 100_000, 'the pump never rests')
    }
    return delivered
  }
  return { own, order, region, pump, runs }
}

test('a region with costly messages keeps another one waiting for a share of time, not for a number of messages', async () => {
  const { own, order, region, pump } = driven(n => (n < 1_000 ? 3 : 0.001))
  const [busy, quiet] = [region('busy'), region('quiet')]
  await turns()
  pump()
  for (let n = 0; n < 100; n++) busy.ref.tell(note(n))
  for (let n = 1_000; n < 1_100; n++) quiet.ref.tell(note(n))
  const delivered = pump()
  // Those of the quiet region are out after 4 of the busy one: 32 of them come for each of the others.
  assert.ok(order.indexOf('quiet1099') <= 104, `the last came after ${order.indexOf('quiet1099')}`)
  assert.deepEqual(
    order.filter(name => name.startsWith('busy')),
    Array.from({ length: 100 }, (_, n) => `busy${n}`),
  )
  // Each costly message is longer than the 2 ms after which I/O comes.
  assert.ok(delivered.length >= 100)
  await own.close()
})

test('a region that mixes cheap and costly messages still gives way after its share of time', async () => {
  const { own, order, region, pump } = driven(n => (n % 8 === 7 ? 0.6 : 0.001))
  const [busy, quiet] = [region('busy'), region('quiet')]
  await turns()
  pump()
  for (let n = 0; n < 800; n++) busy.ref.tell(note(n))
  for (let n = 0; n < 50; n++) quiet.ref.tell(note(n * 8))
  pump()
  assert.ok(order.indexOf('quiet0') <= 8, `the first came after ${order.indexOf('quiet0')}`)
  await own.close()
})

test('a mailbox that is given back in the midst of its share loses no message: each was handled, or is named', async () => {
  for (const costMs of [0, 0.2, 5]) {
    const left: { readonly type: string }[] = []
    const { own, order, region, pump } = driven(n => {
      if (n === 4) left.push(...own.dropMailbox(mailbox))
      return costMs
    })
    const { mailbox, ref } = region('r')
    await turns()
    pump()
    for (let n = 0; n < 100; n++) ref.tell(note(n))
    pump()
    const named = left.map(message => (message as Note).n)
    assert.deepEqual([...order.map(name => Number(name.slice(1))), ...named], [...Array(100).keys()])
    assert.ok(order.length >= 5 && named.length > 0)
    await own.close()
  }
})

test('while the clock stands still everything is delivered all the same, in turn and over several runs', async () => {
  const { own, order, region, pump } = driven(() => 0)
  const [a, b] = [region('a'), region('b')]
  await turns()
  pump()
  for (let n = 0; n < 10_000; n++) for (const { ref } of [a, b]) ref.tell(note(n))
  const delivered = pump().filter(count => count > 0)
  assert.equal(order.length, 20_000)
  assert.ok(delivered.length >= 4 && Math.max(...delivered) < 5_000, `delivered ${delivered}`)
  assert.deepEqual(
    order.filter(name => name.startsWith('b')),
    Array.from({ length: 10_000 }, (_, n) => `b${n}`),
  )
  assert.equal(order.indexOf('b0'), 32)
  await own.close()
})

test('an actor that tells itself for ever does not keep the pump from resting, though the clock stands still', async () => {
  const runs: (() => void)[] = []
  const own = new ActorSystem({ soon: run => void runs.push(run), monotonicMs: () => 0, onFailure: () => {} })
  let handled = 0
  const self = own.spawn<Note>(null, own.mailbox('r'), 'r', {
    accepts: ['note'],
    receive: () => {
      handled++
      self.tell(note(0))
    },
  })
  for (let run = runs.shift(); run !== undefined; run = runs.shift()) run()
  self.tell(note(0))
  runs.shift()!()
  assert.ok(handled > 100 && handled < 5_000, `${handled} in one run`)
  assert.equal(runs.length, 1)
  for (let i = 0; i < 10; i++) runs.shift()!()
  own.dropMailbox(self.mailbox)
  while (runs.length > 0) runs.shift()!()
  await Promise.all([own.close(), turns()])
})

test('regions are served in turn: a long queue does not keep a short one waiting', async () => {
  const [busy, quiet] = [system.mailbox('busy'), system.mailbox('quiet')]
  const order: string[] = []
  const a = system.spawn(null, busy, 'a', recorder(order, 'a'))
  const b = system.spawn(null, quiet, 'b', recorder(order, 'b'))
  await turns()
  for (let n = 0; n < 5_000; n++) a.tell(note(n))
  b.tell(note(0))
  while (busy.depth > 0) await turns(1)
  await turns()
  assert.ok(order.indexOf('b0') <= 64, `the quiet region waited for ${order.indexOf('b0')} messages`)
})

test('comedy leaves no signal handlers behind', () => {
  assert.deepEqual({ SIGINT: process.listeners('SIGINT'), SIGTERM: process.listeners('SIGTERM') }, listenersBefore)
})

test('handlers of the program itself are left in place', async () => {
  const own = () => {}
  process.on('SIGTERM', own)
  const other = newSystem()
  assert.ok(process.listeners('SIGTERM').includes(own))
  process.removeListener('SIGTERM', own)
  await other.close()
})

test('a mailbox that is given back delivers nothing more, and names what was in it', async () => {
  const mailbox = system.mailbox('r')
  const seen: number[] = []
  const ref = system.spawn(null, mailbox, 'region', recorder(seen))
  await turns()
  ref.tell(note(1))
  ref.tell(note(2))
  assert.deepEqual(system.dropMailbox(mailbox), [note(1), note(2)])
  system.stop(ref as never)
  await turns()
  assert.deepEqual([seen, failures, system.mailboxes()], [[], [], []])
})

test('a message for an actor that has ended is dropped, and no rejection is left to nobody', async () => {
  const rejections: unknown[] = []
  const onRejection = (reason: unknown) => rejections.push(reason)
  process.on('unhandledRejection', onRejection)
  const mailbox = system.mailbox('r')
  const seen: unknown[] = []
  const parent = system.spawn(null, mailbox, 'region', recorder(seen, 'p'))
  const child = system.spawn(parent as never, mailbox, 'child', recorder(seen, 'c'))
  await turns()
  system.stop(parent as never)
  for (let n = 0; n < 100; n++) child.tell(note(n))
  await turns()
  child.tell(note(100))
  await turns()
  process.removeListener('unhandledRejection', onRejection)
  assert.deepEqual(rejections, [])
  assert.ok(!seen.includes('c100'))
})

test('two systems in one process do not disturb each other, and closing ends one alone', async () => {
  const other = newSystem()
  const seen: string[] = []
  const here = system.spawn(null, system.mailbox('r'), 'here', recorder(seen, 'here'))
  const there = other.spawn(null, other.mailbox('r'), 'there', recorder(seen, 'there'))
  here.tell(note(1))
  there.tell(note(1))
  await turns()
  await other.close()
  here.tell(note(2))
  await turns()
  assert.deepEqual(seen.sort(), ['here1', 'here2', 'there1'])
})
