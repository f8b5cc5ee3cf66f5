/** Logs in which one thing is wrong: each is found, under the rule that it breaks, and nothing else is. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { judge } from '../../../tools/conformance/judge/judge.ts'
import { LogUnreadable, readLog } from '../../../tools/conformance/judge/log.ts'
import { Protocol } from '../../../tools/conformance/judge/protocol.ts'
import { RULES } from '../../../tools/conformance/judge/rule-list.ts'
import { at, goodDay, LogBook, OFFER, on, ordered, T0, TRIP, view } from './day.ts'

const protocol = new Protocol()
const open = () => new LogBook().open('1').hello('1', 'token', 1).welcome('1', 0)
/** Fixes 1 and 2 were sent and only the first is stored; then the connection was lost. */
const lost = () => open().after(3_000).fixes('1', 1, 2).received('1', 'marks', 0, 1).closed('1').after(700).open('2')
const fix = (seq: number, more: readonly unknown[] = []) => [
  seq,
  0,
  1_747_600_000,
  -368_500_000,
  50,
  null,
  null,
  ...more,
]

/** By rule: the log that breaks it. */
const BROKEN: readonly (readonly [rule: string, what: string, log: LogBook, by?: 'server'])[] = [
  ['TR-1', 'another subprotocol', new LogBook().open('1', 'chat').closed('1')],
  ['TR-2', 'a binary frame on the JSON subprotocol', open().raw('1', { hex: '920400' })],
  ['EN-1', 'half a message', open().raw('1', { text: '["mark",0' })],
  ['EN-1', 'a number as type in JSON', open().sent('1', 4, 0)],
  ['EN-2', 'an id with a space', open().sent('1', 'sign-on', 'c 1', T0)],
  [
    'EN-5',
    'a timestamp of MessagePack',
    new LogBook().open('1', 'goldenhour.v1').raw('1', { hex: '92d6ff00000000' + '00' }),
  ],
  ['EN-6', 'a NUL', open().sent('1', 'sign-on', 'c-1\0', T0)],
  ['EN-7', 'a moment as text', open().sent('1', 'sign-on', 'c-1', '2026-01-01')],
  ['EN-8', 'an offer id that is none', open().sent('1', 'accept-offer', 'c-1', 'offer-1', T0)],
  ['ER-2', 'a reason that there is not', ordered('offered').sent('1', 'decline-offer', 'c-2', OFFER, 'no wish')],
  ['HS-1', 'a command before hello', new LogBook().open('1').sent('1', 'sign-on', 'c-1', T0)],
  ['HS-1', 'a command before the welcome', new LogBook().open('1').hello('1', 't', 1).sent('1', 'sign-on', 'c-1', T0)],
  ['HS-1', 'a second hello', open().hello('1', 'token', 1, 'h-again')],
  ['HS-2', 'what is the desk’s', open().sent('1', 'watch-board', 'q-1', null)],
  [
    'HS-3',
    'a driver without a unit',
    new LogBook().open('1').sent('1', 'hello', 'h', 't', 'akl', 'driver', null, T0, []),
  ],
  ['HS-4', 'sentAtMs from another origin', open().after(100_000).sent('1', 'fix', 0, 0, fix(1, []))],
  [
    'HS-5',
    'a stream twice',
    new LogBook().open('1').sent('1', 'hello', 'h', 't', 'akl', 'driver', 'A-7', T0, [
      ['s', 'gnss', 1],
      ['s', 'gnss', 1],
    ]),
  ],
  ['HS-8', 'back after 4409', open().closed('1', 4409).after(1_000).open('2').hello('2', 'ght_ticket', 1)],
  ['HS-9', 'no ticket after a loss', lost().hello('2', 'token', 2)],
  [
    'HS-9',
    'what was not answered is never sent again',
    open()
      .sent('1', 'sign-on', 'c-1', T0)
      .closed('1')
      .after(500)
      .open('2')
      .hello('2', 'ght_ticket', 1)
      .welcome('2', 0)
      .after(9_000)
      .closed('2', 1000),
  ],
  [
    'HS-9',
    'attempts without a pause',
    (() => {
      const book = open().closed('1')
      for (let i = 0; i < 11; i++) book.open(`n${i}`).closed(`n${i}`)
      return book
    })(),
  ],
  [
    'HS-10',
    'back before the advised delay',
    open().received('1', 'going-away', 1_000, 5_000).closed('1', 4503).after(200).open('2'),
  ],
  [
    'HS-11',
    'turned away, and back at once',
    new LogBook()
      .open('1')
      .hello('1', 't', 1)
      .received('1', 'error', 'h-1', 'unavailable', 'later', { retryAfterMs: 4_000 })
      .closed('1', 4503)
      .after(100)
      .open('2'),
  ],
  [
    'ER-5',
    'the same token after it was refused',
    new LogBook()
      .open('1')
      .hello('1', 't', 1)
      .received('1', 'error', 'h-1', 'token-invalid', 'no', null)
      .closed('1', 4401)
      .after(900)
      .open('2')
      .hello('2', 't', 1),
  ],
  ['ER-5', 'back after 4400', open().closed('1', 4400).after(900).open('2')],
  [
    'CM-4',
    'the same button under another id',
    ordered()
      .sent('1', 'accept-offer', 'c-2', OFFER, T0)
      .closed('1')
      .after(500)
      .open('2')
      .hello('2', 'ght_ticket', 1)
      .welcome('2', 2, view('offered', 'offered'))
      .sent('2', 'accept-offer', 'c-9', OFFER, T0 + 1)
      .received('2', ...at('c-9', 'assigned')),
  ],
  [
    'CM-5',
    'one id for two commands',
    open()
      .sent('1', 'sign-on', 'c-1', T0)
      .received('1', ...on('c-1'))
      .sent('1', 'sign-off', 'c-1', T0),
  ],
  [
    'CM-7',
    'again without waiting',
    open()
      .sent('1', 'sign-on', 'c-1', T0)
      .received('1', 'error', 'c-1', 'unavailable', 'later', { retryAfterMs: 1_000 })
      .sent('1', 'sign-on', 'c-1', T0),
  ],
  [
    'CM-7',
    'again under another id',
    open()
      .sent('1', 'sign-on', 'c-1', T0)
      .received('1', 'error', 'c-1', 'unavailable', 'later', null)
      .sent('1', 'sign-on', 'c-2', T0),
  ],
  ['TM-2', 'a moment in seconds', open().sent('1', 'sign-on', 'c-1', T0 / 1_000)],
  ['FX-1', 'a hole', open().after(9_000).fixes('1', 1, 2, 4)],
  [
    'FX-1',
    'another fix under a number',
    open().after(9_000).fixes('1', 1).after(0).sent('1', 'fix', 0, 9_000, fix(1, [])),
  ],
  [
    'FX-1',
    'more fixes than a frame may have',
    open()
      .after(400_000)
      .fixes('1', ...Array.from({ length: 257 }, (_, i) => i + 1)),
  ],
  ['FX-2', 'a fix that is held no more', lost().hello('2', 'ght_ticket', 3)],
  [
    'FX-5',
    'not gone on where it was said',
    (() => {
      const book = open()
        .after(60_000)
        .fixes('1', 1, 2)
        .received('1', 'error', null, 'fix-gap', 'no', { streamIndex: 0, expectedSeq: 2 })
      for (let seq = 3; seq < 12; seq++) book.fixes('1', seq)
      return book
    })(),
  ],
  ['FX-6', 'what the welcome said is stored', lost().hello('2', 'ght_ticket', 2).welcome('2', 2).fixes('2', 2, 3)],
  [
    'FX-9',
    'a fix of tomorrow',
    open().sent('1', 'fix', 0, 50, [1, -86_400_000, 1_747_600_000, -368_500_000, null, null, null]),
  ],
  ['FX-10', 'a stream that hello did not name', open().sent('1', 'mark', 1)],
  ['FX-13', 'degrees', open().sent('1', 'fix', 0, 30, [1, 0, 174.76, -36.85, null, null, null])],
  ['LM-1', 'a frame that is too large', open().sent('1', 'sign-on', 'c-1', T0, 'x'.repeat(20_000))],
  [
    'LM-2',
    'buttons over their rate',
    (() => {
      const book = open()
      for (let i = 0; i < 70; i++) book.sent('1', 'sign-on', `c-${i}`, T0)
      return book
    })(),
  ],
  ['OF-2', 'sign-off with a trip', ordered().sent('1', 'sign-off', 'c-2', T0 + 5_000)],
  ['OF-3', 'a break with a trip', ordered().sent('1', 'set-status', 'c-2', 'unavailable', 'break', T0 + 5_000)],
  ['OF-3', 'unavailable without a reason', open().sent('1', 'set-status', 'c-2', 'unavailable', null, T0 + 5_000)],
  [
    'OF-4',
    'an offer that was never told',
    ordered().sent('1', 'accept-offer', 'c-2', `akl.${'y'.repeat(21)}`, T0 + 5_000),
  ],
  ['OF-5', 'an order declined', ordered().sent('1', 'decline-offer', 'c-2', OFFER, 'too-far')],
  ['OF-7', 'driving off before the answer', ordered().sent('1', 'report-phase', 'c-2', TRIP, 'en-route', T0 + 5_000)],
  [
    'OF-7',
    'backwards',
    open()
      .received('1', 'unit-state', 2, view('on-scene', 'on-scene'))
      .after(3_000)
      .sent('1', 'report-phase', 'c-2', TRIP, 'en-route', T0 + 3_000),
  ],
  ['OF-9', 'a trip that was never told', open().sent('1', 'close-trip', 'c-2', TRIP, 'transported', T0)],
  [
    'CM-1',
    'two answers',
    open()
      .sent('1', 'sign-on', 'c-1', T0)
      .received('1', ...on('c-1'))
      .received('1', ...on('c-1')),
    'server',
  ],
  [
    'CM-3',
    'a reply with another result',
    open().sent('1', 'sign-on', 'c-1', T0).received('1', 'reply', 'c-1', 3, { tripId: TRIP }),
    'server',
  ],
  ['EN-1', 'a server message cut short', open().received('1', 'marks', 0), 'server'],
  [
    'FX-3',
    'a mark that goes back',
    open().after(3_000).fixes('1', 1, 2).received('1', 'marks', 0, 2).received('1', 'marks', 0, 1),
    'server',
  ],
  [
    'HS-7',
    'marks of other streams',
    new LogBook()
      .open('1')
      .sent('1', 'hello', 'h-1', 't', 'akl', 'driver', 'A-7', T0, [['other', 'gnss', 1]])
      .welcome('1', 0),
    'server',
  ],
  [
    'BD-3',
    'a board with a gap',
    new LogBook()
      .open('1')
      .sent('1', 'hello', 'h', 't', 'akl', 'dispatcher', null, T0, [])
      .received('1', 'board', 4, 0, 1, [], [], [])
      .received('1', 'board-events', 6, T0, [], null),
    'server',
  ],
]

test('a day that keeps to the rules is found to, over losses and refusals, and of an unknown type nothing is said', () => {
  const { violations, exercised } = judge(goodDay().entries(), protocol)
  assert.deepEqual(violations, [])
  for (const rule of [
    'HS-1',
    'HS-9',
    'AU-21',
    'CM-1',
    'CM-3',
    'CM-4',
    'CM-7',
    'FX-1',
    'FX-2',
    'FX-3',
    'FX-6',
    'OF-4',
    'OF-9',
  ]) {
    assert.ok(exercised.includes(rule), `${rule} came up`)
  }
})

for (const [rule, what, log, by = 'client'] of BROKEN) {
  test(`${what} breaks ${rule}`, () => {
    const { violations } = judge(log.entries(), protocol)
    assert.deepEqual(
      [...new Set(violations.map(each => `${each.by} ${each.rule}`))],
      [`${by} ${rule}`],
      JSON.stringify(violations),
    )
    assert.ok(violations[0]!.line > 0 && violations[0]!.line <= log.lines.length)
  })
}

test('each rule that is named is in the list of what the judge looks at', () => {
  const { exercised } = judge(goodDay().entries(), protocol)
  const named = new Set([...BROKEN.map(([rule]) => rule), ...exercised])
  assert.deepEqual(
    [...named].filter(rule => !Object.hasOwn(RULES, rule)),
    [],
  )
})

test('bytes that are no message are told for what they are', () => {
  for (const [hex, text] of [
    ['9204c40100', 'binary string'],
    ['920400c0', 'behind'],
    ['dd7fffffff', 'longer'],
  ]) {
    const { violations } = judge(new LogBook().open('1', 'goldenhour.v1').raw('1', { hex }).entries(), protocol)
    assert.deepEqual([violations[0]?.rule, violations[0]?.text.includes(text!)], ['EN-5', true])
  }
})

test('a log that cannot be read is refused by the line', () => {
  const line = (value: object) => `${JSON.stringify(value)}\n`
  const opened = line({ atMs: 5, connection: 1, dir: 'open', subprotocol: 'goldenhour.v1' })
  const wrong: readonly (readonly [text: string, says: RegExp])[] = [
    ['', /no line/],
    ['nonsense', /^Line 1: not JSON/],
    [line({ atMs: 1, connection: 1, dir: 'sent', text: '[]' }), /^Line 1: connection 1 is not open/],
    [opened + line({ atMs: 4, connection: 1, dir: 'closed', code: 1000 }), /^Line 2: `atMs` runs backwards/],
    [opened + line({ atMs: 6, connection: 1, dir: 'sent' }), /^Line 2: a frame needs its `text`/],
    [opened + line({ atMs: 6, connection: 1, dir: 'went' }), /^Line 2: `dir` must be/],
    [opened + line({ atMs: 6, connection: 1, dir: 'sent', hex: 'xyz' }), /^Line 2: a frame/],
    [opened + opened, /^Line 2: connection 1 is open already/],
  ]
  for (const [text, says] of wrong) {
    assert.throws(
      () => readLog(text),
      (error: Error) => error instanceof LogUnreadable && says.test(error.message),
      text,
    )
  }
})
