/** What a run comes to: figures, a table for people, and the JSON that all benches write. */
import { availableParallelism, cpus, totalmem } from 'node:os'
import { Arrivals } from '../../src/reports/arrivals.ts'
import { etaLines } from '../../src/reports/eta-lines.ts'
import { type EtaReport, etaReport, USUAL_INTERVAL, USUAL_SIREN } from '../../src/reports/eta-report.ts'
import type { SentCommand } from './client-log.ts'
import { judge, type Verdict } from './judge.ts'
import type { Outage, RunResult } from './run.ts'
import type { Stored } from './stored.ts'

export interface ReplayReport {
  readonly bench: 'replay'
  readonly valid: boolean
  readonly machine: Readonly<Record<string, string | number>>
  readonly settings: Readonly<Record<string, unknown>>
  readonly figures: Readonly<Record<string, number | null>>
  /** What was at stake at each kill. */
  readonly kills: RunResult['kills']
  /** How true the arrivals were that the engine predicted; null where nobody drove, so that the record said when they came. */
  readonly eta: EtaReport | null
  /** Why it is not valid. */
  readonly troubles: readonly string[]
}

/** A long list of the same mistake says no more than its first lines. */
const TROUBLES_SHOWN = 20

/** Input: whose hours of the day are meant. */
export function reportOf(
  result: RunResult,
  stored: Stored,
  timeZone: string,
  settings: ReplayReport['settings'],
): ReplayReport {
  const verdict = judge(result.log, stored)
  const figures = figuresOf(result, verdict)
  const found = verdict.findings.map(({ kind, about, text }) => `${kind}: ${about}: ${text}`)
  const troubles = [...result.troubles, ...found]
  return {
    bench: 'replay',
    valid: troubles.length === 0 && figures.tripsOpen === 0,
    machine: {
      node: process.version,
      platform: `${process.platform} ${process.arch}`,
      cpu: cpus()[0]?.model.trim() ?? 'unknown',
      cpus: availableParallelism(),
      memoryGb: Math.round(totalmem() / 1e9),
    },
    settings: { ...settings, speed: result.speed },
    figures,
    kills: result.kills,
    eta: result.ways === null ? null : etaOf(stored, timeZone),
    troubles: troubles.slice(0, TROUBLES_SHOWN),
  }
}

function etaOf({ records }: Stored, timeZone: string): EtaReport {
  const arrivals = new Arrivals()
  for (const { events } of records) for (const event of events) arrivals.take(event)
  return etaReport(arrivals.all(), { timeZone, interval: USUAL_INTERVAL, siren: USUAL_SIREN })
}

function figuresOf(result: RunResult, verdict: Verdict) {
  const { log, counts, kills, outages, durableLag } = result
  const { folded } = verdict
  const trips = [...folded.trips.values()]
  const inPhase = (...phases: string[]) => trips.filter(({ phase }) => phases.includes(phase)).length
  const callToOffer = offeredAtOnce(result, verdict)
  const accepts = log.commands.filter(command => command.subject.kind === 'accept-offer')
  const acceptMs = accepts.flatMap(({ sentAtMs, answeredAtMs }) =>
    answeredAtMs === null || isDisturbed(sentAtMs, answeredAtMs, outages) ? [] : [answeredAtMs - sentAtMs],
  )
  const lagMs = (q: number) => {
    const seconds = durableLag.quantile(q)
    return seconds === null ? null : rounded(seconds * 1_000)
  }
  return {
    fixesSent: log.fixes.length,
    fixesDurable: result.fixesDurable,
    fixesLost: verdict.count('fix-lost'),
    fixesDoubled: verdict.count('fix-doubled'),
    callsEntered: log.commands.filter(isEntered).length,
    tripsClosed: inPhase('closed'),
    tripsCancelled: inPhase('cancelled'),
    tripsOpen: trips.length - inPhase('closed', 'cancelled'),
    tripsLost: verdict.count('trip-lost'),
    tripsDoubled: verdict.count('trip-doubled'),
    commandsAcknowledged: verdict.commandsAcknowledged,
    commandsRefused: log.commands.length - verdict.commandsAcknowledged,
    commandsLost: verdict.count('command-lost'),
    commandsDoubled: verdict.count('command-doubled'),
    logBroken: verdict.count('log-broken'),
    boardBroken: verdict.count('board-broken'),
    offers: folded.offers,
    declined: folded.declined,
    timedOut: folded.timedOut,
    silent: counts.silent,
    connectionsDropped: counts.dropped,
    commandsRepeated: counts.repeated,
    reconnects: counts.reconnects,
    maxQueue: folded.pendingMax,
    kills: kills.length,
    durableLagP50Ms: lagMs(0.5),
    durableLagP99Ms: lagMs(0.99),
    callToOfferSamples: callToOffer.length,
    callToOfferP50Ms: percentile(callToOffer, 0.5),
    callToOfferP99Ms: percentile(callToOffer, 0.99),
    acceptSamples: acceptMs.length,
    acceptP99Ms: percentile(acceptMs, 0.99),
    drivesByRoad: result.ways?.byRoad ?? null,
    drivesStraight: result.ways?.straight ?? null,
    wallS: rounded(result.wallS),
  }
}

const isEntered = ({ subject, answers }: SentCommand): boolean =>
  subject.kind === 'enter-call' && answers[0]?.ok === true

/** Wall time from sending a call to hearing of its offer on the unit's socket, where the offer was made with the call. */
function offeredAtOnce({ log, outages }: RunResult, { folded }: Verdict): number[] {
  const heard = new Map(log.offers.map(offer => [offer.offerId, offer.heardAtMs]))
  return log.commands.filter(isEntered).flatMap(({ sentAtMs, answers: [answer] }) => {
    const [tripId] = answer?.ok === true ? (answer.result.tripIds as string[]) : []
    const trip = folded.trips.get(tripId ?? '')
    if (trip?.firstOffer?.position !== trip?.createdAt) return []
    const heardAtMs = heard.get(trip?.firstOffer?.offerId ?? '')
    if (heardAtMs === undefined || isDisturbed(sentAtMs, heardAtMs, outages)) return []
    return [heardAtMs - sentAtMs]
  })
}

const isDisturbed = (fromMs: number, toMs: number, outages: readonly Outage[]): boolean =>
  outages.some(outage => fromMs < outage.toMs && toMs > outage.fromMs)

/** Nearest rank; null without samples. */
function percentile(samples: readonly number[], q: number): number | null {
  const sorted = [...samples].sort((a, b) => a - b)
  const value = sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)]
  return value === undefined ? null : rounded(value)
}

const rounded = (value: number): number => Math.round(value * 10) / 10

/** The figures that share a line of the table, and what the line says of them. */
const LINES: readonly (readonly [label: string, ...names: string[]])[] = [
  ['fixes: sent, told durable', 'fixesSent', 'fixesDurable'],
  ['fixes: LOST, DOUBLED', 'fixesLost', 'fixesDoubled'],
  ['calls entered', 'callsEntered'],
  ['trips: closed, cancelled, still open', 'tripsClosed', 'tripsCancelled', 'tripsOpen'],
  ['trips: LOST, DOUBLED', 'tripsLost', 'tripsDoubled'],
  ['commands: acknowledged, refused', 'commandsAcknowledged', 'commandsRefused'],
  ['commands: LOST, DOUBLED', 'commandsLost', 'commandsDoubled'],
  ['breaches of order: in the log, on the board', 'logBroken', 'boardBroken'],
  ['offers: made, declined, timed out', 'offers', 'declined', 'timedOut'],
  ['crews: silent, connection dropped, command repeated', 'silent', 'connectionsDropped', 'commandsRepeated'],
  ['connections opened again', 'reconnects'],
  ['most trips waiting at once', 'maxQueue'],
  ['kills', 'kills'],
  ['fix durable after (engine histogram): p50, p99 ms', 'durableLagP50Ms', 'durableLagP99Ms'],
  ['call to offer, at once: samples, p50, p99 ms', 'callToOfferSamples', 'callToOfferP50Ms', 'callToOfferP99Ms'],
  ['accept to reply: samples, p99 ms', 'acceptSamples', 'acceptP99Ms'],
  ['drives: by road, in a straight line', 'drivesByRoad', 'drivesStraight'],
  ['wall time s', 'wallS'],
]

export function tableOf({ figures, kills, eta, troubles, valid }: ReplayReport): string {
  const width = Math.max(...LINES.map(([label]) => label.length))
  const lines = LINES.map(([label, ...names]) => {
    const values = names.map(name => String(figures[name] ?? '-').padStart(8))
    return `  ${label.padEnd(width)} ${values.join(' ')}`
  })
  kills.forEach(({ atStake, statementsEnded, logEndAfter }, index) => {
    const { logHead, logDurable, fixesNotDurable, commandsUnanswered } = atStake
    const fate =
      statementsEnded > 0 ? `${statementsEnded} statements ended in Postgres` : 'its statements left to go through'
    lines.push(
      `  kill ${index + 1}: log decided to ${logHead}, durable to ${logDurable}; ${fixesNotDurable} fixes not durable; ` +
        `${commandsUnanswered} commands unanswered; ${fate}; the log then ended at ${logEndAfter}`,
    )
  })
  for (const trouble of troubles) lines.push(`  ! ${trouble}`)
  if (eta !== null) lines.push('', 'Predicted arrivals against real ones:', ...etaLines(eta))
  lines.push(
    '',
    valid ? 'Nothing was lost, nothing was doubled, every trip ended.' : 'THIS RUN DID NOT COME OUT RIGHT.',
  )
  return lines.join('\n')
}
