/** What the doorway to comedy promises: order, borders, isolation, fairness, and a process that is left alone. */
import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { ActorSystem, type Behaviour, MAILBOX_BOUND } from '../../src/actors/actor-system.ts'

type Note = { readonly type: 'note'; readonly n: number }

let system: ActorSystem
let failures: { path: string; error: unknown }[]
const listenersBefore = { SIGINT: process.listeners('SIGINT'), SIGTERM: process.listeners('SIGTERM') }

const newSystem = () =>
  new ActorSystem({
    soon: setImmediate,
    monotonicMs: () => performance.now(),
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
  // 2 ms are 4 messages; a batch of 32 that was begun is ended.
  assert.ok(Math.max(...slices) <= 32, `a slice of ${Math.max(...slices)}`)
  assert.ok(slices.length >= 2_000 / 32)
  await slow.close()
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
