/** The page of states: what a command, an event or a deadline makes of a trip, of a unit and of a call, in each state. */
import { DOES_NOT_FIT, type Subject, UNCHANGED } from './cell.ts'
import { type Column, callColumns, tripColumns, unitColumns } from './columns.ts'
import { ABOUT_NOTHING, commandTrials } from './commands.ts'
import { ABOUT_THE_REGION, eventTrials } from './events.ts'
import { momentTrials } from './moments.ts'
import { BY, type Row, rowsOf, type Trial } from './rows.ts'

const HEAD = `# States

What comes of a command, an event or a deadline in each state of a trip and of a unit? \`npm run protocol\` makes this page: it puts
a small region into each state by commands, and runs the engine's own deciders and folds over it (\`tools/protocol/states\`).
\`test/protocol/files.test.ts\` fails when a cell is not what they answer. The rules behind the cells are [OF-…] and [DK-…] in the
[protocol](../../PROTOCOL.md), and [dispatch](../dispatch.md) says why.

How to read a cell:

- A word is the new phase or status. What else changes stands behind it: \`A\` is the unit that has the trip, is asked for it or had
  it (where nobody has it, any available unit), \`B\` an available unit beside it.
- \`${UNCHANGED}\`: it is accepted, and changes neither phase nor status. A word in \`this type\` is the code of the refusal.
- \`${DOES_NOT_FIT}\`: the event does not fit the state, so it cannot occur there. That an event fits does not say that anything makes
  it there: the tables of commands and of time say so.
- Beside the name stands what the row is about, where it matters: a word of the command, a field of the event. Rows that would say
  the same are one.
- The desk goes on in the same record where a trip or a unit has come free: what it then offers to whom is not shown.
`

interface Section {
  readonly heading: string
  readonly text?: string
  readonly first: string
  readonly subject: Subject
  readonly columns: readonly Column[]
  readonly trials: readonly Trial[]
}

export function statesPage(): string {
  const [trips, units, calls] = [tripColumns(), unitColumns(), callColumns()]
  const sections: readonly Section[] = [
    {
      heading: 'What a command makes of a trip',
      text: `\`${ABOUT_NOTHING.join('`, `')}\` names nothing that is there already, and makes a call with its trips.`,
      ...{ first: 'command', subject: 'trip', columns: trips, trials: commandTrials('trip') },
    },
    {
      heading: 'What time makes of a trip',
      text: "Each deadline comes when its span is over, the unit's app is away and its position is old.",
      ...{ first: 'deadline', subject: 'trip', columns: trips, trials: momentTrials('trip') },
    },
    {
      heading: 'What an event makes of a trip',
      text: `\`${ABOUT_THE_REGION.join('` and `')}\` are of the region as a whole, and change no trip, unit or call.`,
      ...{ first: 'event', subject: 'trip', columns: trips, trials: eventTrials('trip') },
    },
    {
      heading: 'What a command makes of a unit',
      text: "A trip that a command names here is one that waits. What is said of the unit's own trip stands above.",
      ...{ first: 'command', subject: 'unit', columns: units, trials: commandTrials('unit') },
    },
    {
      heading: 'What time makes of a unit',
      text: '`retirement` is the moment at which the service has given the unit up.',
      ...{ first: 'deadline', subject: 'unit', columns: units, trials: momentTrials('unit') },
    },
    {
      heading: 'What an event makes of a unit',
      ...{ first: 'event', subject: 'unit', columns: units, trials: eventTrials('unit') },
    },
    {
      heading: 'What an event makes of a call',
      ...{ first: 'event', subject: 'call', columns: calls, trials: eventTrials('call') },
    },
  ]
  return [HEAD, ...sections.map(sectionText)].join('\n')
}

function sectionText({ heading, text, first, subject, columns, trials }: Section): string {
  const rows = rowsOf(trials, columns, subject)
  const hasAsker = rows.some(({ words }) => words.has(BY))
  const head = [first, ...(hasAsker ? ['by'] : []), ...columns.map(({ name }) => name)]
  const differing = rows.filter(({ cells }) => new Set(cells).size > 1)
  const table = [
    line(head),
    line(head.map(() => '---')),
    ...differing.map(row => line([nameOf(row), ...(hasAsker ? [askersOf(row)] : []), ...row.cells])),
  ]
  const alike = rows.filter(row => !differing.includes(row))
  const answers = [...new Set(alike.map(({ cells }) => cells[0]!))]
  const list = answers.map(answer => {
    const there = alike.filter(({ cells }) => cells[0] === answer).map(whole)
    return `- ${answer.startsWith('`') ? answer : `\`${answer}\``}: ${there.join(', ')}`
  })
  const same = list.length === 0 ? [] : ['The same in every state:', '', ...list, '']
  return [`## ${heading}`, '', ...(text === undefined ? [] : [text, '']), ...table, '', ...same].join('\n')
}

const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`

function nameOf({ name, words }: Row): string {
  const telling = [...words].filter(([field]) => field !== BY).map(([, some]) => some.join(', '))
  return [`\`${name}\``, ...telling].join(' ')
}

const askersOf = ({ words }: Row): string => words.get(BY)?.join(', ') ?? ''

const whole = (row: Row): string => (row.words.has(BY) ? `${nameOf(row)} by ${askersOf(row)}` : nameOf(row))
