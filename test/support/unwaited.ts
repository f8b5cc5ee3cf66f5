/** A program whose parent never asks how it ended, as under the first process of many containers. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

export interface Unwaited {
  readonly pid: number
  /** Ends the program, if it runs, and its parent. */
  end(): Promise<void>
}

/** Input: what Node takes to run the program. Output: once the program says its first line. */
export async function spawnUnwaited(args: readonly string[]): Promise<Unwaited> {
  // The shell becomes a program that knows nothing of its child.
  const script = '"$0" "$@" & echo $!; exec sleep 600'
  const parent: ChildProcess = spawn('/bin/sh', ['-c', script, process.execPath, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(parent, 'exit')
  const lines = createInterface({ input: parent.stdout! })[Symbol.asyncIterator]()
  const pid = Number((await lines.next()).value)
  await lines.next()
  return {
    pid,
    end: async () => {
      // Its number is its own until the parent is gone.
      process.kill(pid, 'SIGKILL')
      parent.kill('SIGKILL')
      await exited
    },
  }
}
