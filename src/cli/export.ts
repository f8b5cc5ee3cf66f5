/** `goldenhour export`: what the database has, in words, without an engine. */
import type { Command } from 'commander'
import { type StoredBoard, storedBoard } from '../actors/stored-board.ts'
import { isEnded, type TripState, unitOf } from '../domain/trip/trip.ts'
import { MomentReader } from '../store/log/moment-reader.ts'
import { openDatabase } from '../store/postgres/database.ts'
import { migrate } from '../store/postgres/migrate.ts'
import { auditedByCommandLine } from './audited.ts'
import { withDatabaseServer } from './with-database.ts'

const HELP = `
It needs the database alone, and changes nothing in it but the audit: callers, addresses and notes are shown, which is noted there as
call-read before it is printed. Times are UTC. What an engine was told and had not stored is not in it, and nobody was told of that.`

export function defineExport(program: Command): void {
  program
    .command('board')
    .description('print the open calls with their trips, callers and notes, and all units with their last places')
    .option('--region <region>', 'this region alone')
    .option('--json', 'one JSON object a region, a line each')
    .addHelpText('after', HELP)
    .action(async ({ region: only, json }: { region?: string; json?: true }) => {
      await withDatabaseServer(async ({ url, migrateAt }, unlessInterrupted) => {
        await migrate(migrateAt.url, { grantTo: migrateAt.grantTo })
        const reader = await MomentReader.open(url)
        try {
          const regions = await reader.regions()
          if (only !== undefined && !regions.includes(only))
            throw new Error(`The database has no log of region ${only}.`)
          for (const region of only === undefined ? regions : [only]) {
            const board = await unlessInterrupted(storedBoard(reader, region))
            await noteReading(url, board)
            // A text of a stranger must not speak to the terminal.
            const lines = json ? [JSON.stringify(board)] : linesOf(board).map(line => line.replace(/\p{Cc}/gu, ' '))
            console.log(lines.join('\n'))
          }
        } finally {
          await reader.end()
        }
      })
    })
}

async function noteReading(url: string, { region, calls }: StoredBoard): Promise<void> {
  const trips = calls.reduce((sum, call) => sum + call.trips.length, 0)
  const database = openDatabase(url)
  try {
    const audited = auditedByCommandLine(database)
    const entry = { action: 'call-read', region, subject: null, details: { way: 'export', trips } }
    await database.transaction().execute(transaction => audited(transaction, entry))
  } finally {
    await database.destroy()
  }
}

function linesOf({ region, position, recordedAtMs, calls, units, doubtful }: StoredBoard): string[] {
  return [
    `Region ${region} as of ${timeOf(recordedAtMs)}, position ${position}: ${calls.length} open calls, ${units.length} units.`,
    ...(doubtful.length > 0
      ? [`Stored data of these is damaged, so look whether they are as told: ${doubtful.join(', ')}`]
      : []),
    '',
    'CALLS',
    ...calls.flatMap(linesOfCall),
    '',
    'UNITS',
    ...units.map(lineOfUnit),
    '',
  ]
}

function linesOfCall({ call, trips, details, notes }: StoredBoard['calls'][number]): string[] {
  const { callId, incidentNo, priority, problem, receivedAtMs, lonDeg, latDeg } = call
  const caller = [details?.callerName, details?.phone].filter(Boolean).join(', ')
  return [
    `priority ${priority}  ${incidentNo ?? callId}  ${problem ?? 'no problem said'}  received ${timeOf(receivedAtMs)}`,
    `  at ${placeOf({ lonDeg, latDeg })}${details?.address ? `, ${details.address}` : ''}`,
    ...(caller === '' ? [] : [`  caller: ${caller}`]),
    ...(details?.notes ? [`  said: ${details.notes}`] : []),
    ...notes.map(({ atMs, by, text }) => `  note of ${timeOf(atMs)} by ${by}: ${text ?? 'its text is damaged'}`),
    ...trips.map(lineOfTrip),
  ]
}

function lineOfTrip(trip: TripState): string {
  const { tripId, responseNo, phase, phaseRecordedAtMs, need } = trip
  const unitId = unitOf(trip)
  const what = [need.levelOfCare, ...need.capabilities].join(' + ')
  const who = isEnded(trip) || unitId === null ? '' : `, unit ${unitId}`
  return `  trip ${responseNo ?? tripId} (${what}): ${phase} since ${timeOf(phaseRecordedAtMs)}${who}`
}

function lineOfUnit({ state, placed }: StoredBoard['units'][number]): string {
  const { unitId, callSign, levelOfCare, status, statusSinceMs, work, crew } = state
  const where = placed === null ? 'no place' : `at ${placeOf(placed)} at ${timeOf(placed.fixedAtMs)}`
  const on = work === null ? '' : `, trip ${work.tripId}`
  return `${callSign} (${unitId}, ${levelOfCare}): ${status} since ${timeOf(statusSinceMs)}${on}; crew ${crew ?? 'none'}; ${where}`
}

const timeOf = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`
const placeOf = ({ lonDeg, latDeg }: { readonly lonDeg: number; readonly latDeg: number }): string =>
  `${latDeg.toFixed(5)} ${lonDeg.toFixed(5)}`
