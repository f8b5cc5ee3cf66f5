/** A program in a terminal window of its own, which a test can close. Made by Python, as Node has no terminals to give. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'

/** Why tests with terminals are skipped; null where they are not. */
export const NO_TERMINAL =
  spawnSync('python3', ['-c', 'import pty']).status === 0 ? null : 'there is no python3 with pty'

/** Tells the program's pid, then whatever it shows. A line on its input closes the terminal; then it tells how it ended. */
const WINDOW = `
import os, pty, select, sys
pid, window = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
print('pid', pid, flush=True)
while True:
    ready, _, _ = select.select([window, 0], [], [])
    if 0 in ready:
        word = os.read(0, 100)
        if word.startswith(b'ctrl-c'):
            os.write(window, b'\\x03')
            continue
        break
    try:
        data = os.read(window, 65536)
    except OSError:
        break
    if not data:
        break
    sys.stdout.buffer.write(data)
    sys.stdout.flush()
os.close(window)
print('ended', os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
`

export class TerminalWindow {
  /** Everything that was shown in it. */
  shown = ''
  /** The exit code of the program; below zero, the signal that ended it. */
  readonly ended: Promise<number>
  readonly #child: ChildProcess

  constructor(command: readonly string[], env: Readonly<Record<string, string>>) {
    const { PATH, HOME, TMPDIR } = process.env
    this.#child = spawn('python3', ['-c', WINDOW, ...command], {
      env: { ...(TMPDIR === undefined ? {} : { TMPDIR }), PATH, HOME, TERM: 'dumb', ...env },
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    this.#child.stdout!.on('data', (chunk: Buffer) => {
      this.shown += chunk.toString()
    })
    this.ended = new Promise((resolve, reject) => {
      this.#child.once('close', () => {
        const code = /^ended (-?\d+)$/m.exec(this.shown)?.[1]
        if (code === undefined) reject(new Error(`The window ended without its program: ${this.shown}`))
        else resolve(Number(code))
      })
    })
    this.ended.catch(() => undefined)
  }

  /** The terminal goes away, as when its window is closed. */
  close(): void {
    this.#child.stdin!.write('close\n')
  }

  pressCtrlC(): void {
    this.#child.stdin!.write('ctrl-c\n')
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }
}
