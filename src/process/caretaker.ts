/**
 * Cleans up behind a program that was killed: stops the Postgres in its temporary directory, and removes the directory.
 *
 * It is a shell that reads until its input ends, which it does with the program, however that ends. It has a session of
 * its own, so that neither Ctrl-C nor a closed terminal reaches it before.
 */
import { spawn } from 'node:child_process'

export interface Caretaker {
  /** An engine uses the directory now, and stops by itself when the program is gone; the database is left to it until then. */
  waitFor(enginePid: number): void
  /** The program cleans up by itself, or keeps the directory. */
  dismiss(): void
}

/** An engine's drain may take 10 s; Postgres gets as long for a checkpoint before it is ended without one. */
const SCRIPT = `
dir=$1
engine=
while read -r word; do
  [ "$word" = dismissed ] && exit 0
  engine=$word
done
# What ended keeps its number until its parent asks how, which not every first process of a container does.
has_ended() { grep -qE '^State:[[:space:]]*[ZX]' "/proc/$1/status" 2>/dev/null; }
is_alive() { [ -n "$1" ] && kill -0 "$1" 2>/dev/null && ! has_ended "$1"; }
tries=0
while is_alive "$engine" && [ $tries -lt 150 ]; do sleep 0.1; tries=$((tries + 1)); done
server=$(head -n 1 "$dir/data/postmaster.pid" 2>/dev/null)
# A number that another process got meanwhile is none of ours.
if [ -d /proc/self ] && ! tr '\\0' ' ' 2>/dev/null < "/proc/$server/cmdline" | grep -qF -- "$dir"; then server=; fi
is_alive "$server" && kill -INT "$server"
tries=0
while is_alive "$server"; do
  tries=$((tries + 1))
  [ $tries -eq 100 ] && kill -QUIT "$server"
  [ $tries -gt 150 ] && break
  sleep 0.1
done
rm -rf "$dir"
`

/** Input: the base directory of an embedded Postgres, which nothing but this program needs. */
export function takeCareOf(baseDir: string): Caretaker {
  const shell = spawn('/bin/sh', ['-c', SCRIPT, 'goldenhour-caretaker', baseDir], {
    detached: true,
    cwd: '/',
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  const { stdin } = shell
  // Without a shell the program works as well; it only must not be killed.
  shell.on('error', () => undefined)
  stdin.on('error', () => undefined)
  // It must not keep the program that it waits for.
  shell.unref()
  ;(stdin as unknown as { unref(): void }).unref()
  return {
    waitFor: enginePid => void stdin.write(`${enginePid}\n`),
    dismiss: () => void stdin.end('dismissed\n'),
  }
}
