import assert from 'node:assert/strict'
import test from 'node:test'
import type { StatisticsView } from '../../src/client/index.ts'
import { type AskedStatistics, queryOf, USUAL } from '../../src/console/statistics/asked.ts'
import { csvOf } from '../../src/console/statistics/spreadsheet.ts'
import { csvRowsOf, percentOf, shownOf, tablesOf } from '../../src/console/statistics/tables.ts'

test('what is typed becomes the question, or the reason why it cannot', () => {
  const nowMs = 1_000 * 86_400_000
  const of = (change: Partial<AskedStatistics>) => queryOf({ ...USUAL, ...change }, nowMs)
  assert.deepEqual(of({}), {
    query: {
      ...{ fromMs: nowMs - 86_400_000, toMs: nowMs, limitMs: 480_000, percent: 90 },
      ...{ start: 'received', rounding: 'exact', counts: 'any', cancelled: 'judged' },
    },
  })
  const told = (change: Partial<AskedStatistics>) => {
    const found = of(change)
    return 'query' in found ? found.query : found.bad
  }
  assert.deepEqual(told({ limit: ' 8:59 ', priorities: '1, 2' }), {
    ...(told({}) as object),
    ...{ limitMs: 539_000, priority: '1,2' },
  })
  assert.equal(
    (told({ window: 'own', from: '2026-01-01T08:00', to: '2026-01-02T08:00' }) as { toMs: number }).toMs,
    new Date('2026-01-02T08:00').getTime(),
  )
  for (const bad of [
    { limit: '' },
    { limit: '0' },
    { limit: '8:60' },
    { limit: '1441' },
    { percent: '' },
    { percent: '101' },
    { percent: '0' },
    { priorities: '6' },
    { priorities: '1,' },
    { window: 'own', from: '2026-01-02T08:00', to: '2026-01-02T08:00' },
    { window: 'own', from: '', to: '' },
  ] as const)
    assert.equal(typeof told(bad), 'string', JSON.stringify(bad))
})

test('no cell of a file is a formula to a spreadsheet, and every text comes back as it was', () => {
  const file = csvOf([
    ['=HYPERLINK("http://x")', '+1', '-2', '@a', '\t=1', '\r=1', '|cmd', '%x'],
    ['West "Nord", line\nbreak', 'plain', -2, 0.5, null, true, '', 'a=b'],
  ])
  assert.equal(
    file,
    '\uFEFF"\'=HYPERLINK(""http://x"")","\'+1","\'-2","\'@a","\'\t=1","\'\r=1","\'|cmd","\'%x"\r\n' +
      '"West ""Nord"", line\nbreak","plain",-2,0.5,,true,"","a=b"\r\n',
  )
})

const HOUR_MS = 3_600_000
const FIGURES = {
  ...{ calls: 4, samples: 3, within: 2, share: 2 / 3, isMet: false, p50Ms: 61_000, p90Ms: 3_661_000, maxMs: 3_661_000 },
  ...{ cancelled: 1, open: 0, unknown: 1 },
}
const VIEW: StatisticsView = {
  ...{ region: 'akl', fromMs: 0, toMs: 4 * HOUR_MS, slot: 'hour', asOfPosition: 9, asOfMs: 2 * HOUR_MS },
  contract: {
    ...{ limitMs: 480_000, share: 0.9, start: 'received', rounding: 'exact', counts: 'any', staged: false },
    ...{ cancelled: 'judged', priorities: null, zone: null },
  },
  response: {
    all: FIGURES,
    byPriority: [{ priority: 1, ...FIGURES }],
    bySlot: [{ fromMs: 0, ...FIGURES }],
    byArea: [],
    lateNow: 0,
  },
  turnout: { count: 2, p50Ms: 30_000, p90Ms: 45_500, maxMs: 45_500 },
  turnaround: { count: 0, p50Ms: null, p90Ms: null, maxMs: null },
  units: [
    { unitId: 'A1', callSign: '=Medic 1', staffedMs: HOUR_MS, committedMs: HOUR_MS / 2, responses: 1 },
    { unitId: 'A2', callSign: 'Medic 2', staffedMs: 0, committedMs: 0, responses: 0 },
  ],
  alarms: {
    ...{ raised: 3, busiestTenMinutes: 2, byPrincipal: [{ principal: 'desk-1', acknowledged: 2 }] },
    byKind: [{ kind: 'no-movement', raised: 3, acknowledged: 2, p50Ms: 9_000, p90Ms: 9_000, maxMs: 9_000 }],
  },
}

test('tables show what the engine told, and files have the same figures, times in seconds', () => {
  const tables = new Map(tablesOf(VIEW).map(table => [table.name, table]))
  const shown = (name: Parameters<typeof tables.get>[0]) => {
    const { columns, rows } = tables.get(name)!
    return rows.map(row => row.map((value, index) => shownOf(value, columns[index]!, ms => `at ${ms}`)))
  }
  const figures = ['4', '3', '2', '66.6 %', 'no', '1:01', '1:01:01', '1:01:01', '1', '0', '1']
  assert.deepEqual(shown('priority'), [['P1', ...figures]])
  assert.deepEqual(shown('slot'), [['at 0', ...figures]])
  assert.deepEqual(shown('work'), [
    ['from notification until it moves', '2', '0:30', '0:45', '0:45'],
    ['from the destination until back in service', '0', '—', '—', '—'],
  ])
  assert.deepEqual(shown('units'), [
    ['=Medic 1', '1.0', '0.5', '50.0 %', '1'],
    ['Medic 2', '0.0', '0.0', '—', '0'],
    ['all units', '1.0', '0.5', '50.0 %', '1'],
  ])
  // Of four hours two have come.
  assert.deepEqual(shown('alarms').at(-1), ['all alarms', '3', '1.50', '2', '—', '—', '—'])
  assert.deepEqual(shown('people'), [['desk-1', '2', '1.00']])
  const [head, row] = csvRowsOf(tables.get('priority')!)
  assert.deepEqual(head!.slice(0, 7), ['Priority', 'Calls', 'Judged', 'Within', 'Share', 'Target met', 'p50, s'])
  assert.deepEqual(row, ['P1', 4, 3, 2, 2 / 3, false, 61, 3_661, 3_661, 1, 0, 1])
  assert.equal(csvRowsOf(tables.get('slot')!)[1]![0], '1970-01-01T00:00:00.000Z')
})

test('a share is rounded down, so that a missed target never reads as met', () => {
  assert.deepEqual(
    [percentOf(0.8999), percentOf(0.9), percentOf(1), percentOf(0)],
    ['89.9 %', '90.0 %', '100.0 %', '0.0 %'],
  )
})
