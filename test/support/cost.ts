/** Writes down what a process of tests cost, when somebody asks for it. */
import { appendFileSync, readFileSync } from 'node:fs'

export interface Cost {
  readonly names: string
  /** Of the process, and of the programs that it started and saw end; not of the Postgres that all share. */
  readonly cpuS: number
  readonly wallS: number
}

const file = process.env.GOLDENHOUR_TEST_COSTS
// The programs that tests start need not write it down, too.
delete process.env.GOLDENHOUR_TEST_COSTS
if (file !== undefined) {
  process.on('exit', () => {
    const names = process.env.GOLDENHOUR_TEST_NAMES ?? ''
    const cost: Cost = { names, cpuS: cpuMs() / 1_000, wallS: performance.now() / 1_000 }
    appendFileSync(file, `${JSON.stringify(cost)}\n`)
  })
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1_000 + childrenMs()
}

/** proc(5), fields 16 and 17, in hundredths of a second; 0 where there is no /proc. */
function childrenMs(): number {
  try {
    const fields = readFileSync('/proc/self/stat', 'utf8').split(') ')[1]!.split(' ')
    return (Number(fields[13]) + Number(fields[14])) * 10
  } catch {
    return 0
  }
}
