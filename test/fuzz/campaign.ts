/** A run of the fuzzing: most frames in this process, some over sockets, credentials of all kinds, and what came of it. */
import { setTimeout as sleep } from 'node:timers/promises'
import { Metrics } from '../../src/telemetry/metrics.ts'
import { PEOPLE, runGeneration } from './border.ts'
import { type Credentials, makeCredentials } from './credentials.ts'
import { Dice, partSeed } from './dice.ts'
import { Tally } from './findings.ts'
import { runLive } from './live.ts'
import { START_MS } from './region.ts'
import { damagedCredential, identityOf } from './tokens.ts'

export interface CampaignPlan {
  readonly seed: number
  /** Frames that are sent in this process. */
  readonly frames: number
  /** Frames, requests and heads that are sent over sockets; with none of them, no engine is started. */
  readonly socketFrames: number
  readonly requests: number
  readonly heads: number
  /** Credentials that are shown without a frame around them. */
  readonly credentials: number
  /** Only this generation of the seed, to look at what one has found. */
  readonly generation: number | null
  readonly onProgress: (text: string) => void
  readonly signal: AbortSignal
}

export interface CampaignOutcome {
  readonly tally: Tally
  readonly figures: Readonly<Record<string, number>>
  /** Everything that was planned was sent. */
  readonly isWhole: boolean
}

/** What is accepted stays in memory as long as the generation lives. */
const GENERATION_FRAMES = 30_000
/** Generations that are run before memory is measured first: what they leave is code and caches. */
const WARM_UP = 5
const TOGETHER = 64

export async function runCampaign(plan: CampaignPlan): Promise<CampaignOutcome> {
  const tally = new Tally()
  const credentials = await makeCredentials(PEOPLE, () => START_MS)
  const inProcess = await runFrames(plan, credentials, tally)
  await showCredentials(plan, credentials, tally)
  const live = await runSockets(plan, tally)
  const { frames, httpRequests, heads, credentials: shown } = tally
  const counts = { crashes: tally.count('crash'), hangs: tally.count('hang'), unserved: tally.count('unserved') }
  return {
    tally,
    figures: { frames, httpRequests, heads, credentials: shown, ...counts, ...inProcess, ...live, ...tally.figures() },
    isWhole: !plan.signal.aborted,
  }
}

async function runFrames(plan: CampaignPlan, credentials: Credentials, tally: Tally): Promise<Record<string, number>> {
  const { seed, frames, generation: only, signal, onProgress } = plan
  const metrics = new Metrics()
  const count = Math.ceil(frames / GENERATION_FRAMES)
  const startedAt = performance.now()
  const cpuBefore = process.cpuUsage()
  let before: Memory | null = null
  for (let generation = 0; generation < count && !signal.aborted; generation += 1) {
    if (only !== null && generation !== only) continue
    const size = Math.min(GENERATION_FRAMES, frames - generation * GENERATION_FRAMES)
    await runGeneration({ seed, generation, frames: size, credentials, metrics }, tally)
    if (generation === Math.min(WARM_UP, count) - 1) before = await memoryNow()
    onProgress(`${tally.frames} of ${frames} frames, ${tally.findings.length} findings`)
  }
  const elapsedS = (performance.now() - startedAt) / 1_000
  const { user, system } = process.cpuUsage(cpuBefore)
  const after = await memoryNow()
  const { rss, heap } = before ?? after
  return {
    framesPerS: tally.frames / elapsedS,
    framesPerCpuS: tally.frames / ((user + system) / 1e6),
    rssAfterWarmUpBytes: rss,
    rssGrowthBytes: after.rss - rss,
    heapAfterWarmUpBytes: heap,
    heapGrowthBytes: after.heap - heap,
  }
}

/** What the process has of the machine, and what lives in it: freed memory is not always given back. */
interface Memory {
  readonly rss: number
  readonly heap: number
}

async function memoryNow(): Promise<Memory> {
  // What was just closed is let go of in later turns of the loop.
  await sleep(500)
  global.gc?.()
  global.gc?.()
  const { rss, heapUsed, external } = process.memoryUsage()
  return { rss, heap: heapUsed + external }
}

/** Shows damaged credentials to the checker of them: it must not throw, and nobody may become somebody else. */
export async function showCredentials(
  plan: Pick<CampaignPlan, 'seed' | 'credentials'>,
  { authenticator, all, identities }: Credentials,
  tally: Tally,
): Promise<void> {
  const dice = new Dice(partSeed(plan.seed, 2_000_000))
  const show = async () => {
    const credential = dice.pick(all)
    const text = damagedCredential(credential, all, dice)
    tally.credentials += 1
    tally.sent(`credential-${credential.kind}`)
    try {
      const verified = await authenticator.verify(text)
      tally.outcome(verified.ok ? 'credential-taken' : verified.refusal.code)
      if (!verified.ok || identities.has(identityOf(verified.value))) return
      tally.found('crash', `a forged ${credential.kind} was taken for ${identityOf(verified.value)}`, Buffer.from(text))
    } catch (error) {
      tally.found('crash', `looking at a ${credential.kind} threw: ${String(error)}`, Buffer.from(text))
    }
  }
  while (tally.credentials < plan.credentials) {
    await Promise.all(Array.from({ length: Math.min(TOGETHER, plan.credentials - tally.credentials) }, show))
  }
}

async function runSockets(plan: CampaignPlan, tally: Tally): Promise<Record<string, number>> {
  const { seed, socketFrames, requests, heads, onProgress, signal } = plan
  if (socketFrames + requests + heads === 0 || signal.aborted) return {}
  const startedAt = performance.now()
  const before = tally.frames
  const live = await runLive({ seed, frames: socketFrames, requests, heads, onProgress, signal }, tally).catch(
    error => {
      // What was found before is worth telling, too.
      tally.found('crash', `the engine over sockets could not be run to the end: ${(error as Error).stack}`)
      return null
    },
  )
  if (live === null) return {}
  const { rssGrowthBytes, ...bystander } = live
  return {
    socketFrames: tally.frames - before,
    socketSeconds: (performance.now() - startedAt) / 1_000,
    engineRssGrowthBytes: rssGrowthBytes,
    ...bystander,
  }
}
