#!/usr/bin/env node
// The sources are TypeScript, and no build step stands between a checkout and a run: a Node that strips types by itself
// reads them as they are, an older one the JavaScript that is kept of them, and tsx reads them where that cannot be.
import { existsSync } from 'node:fs'
import module from 'node:module'
import { fileURLToPath } from 'node:url'
import { compiled } from './compiled.js'

const MODULES = new URL('../node_modules/commander/', import.meta.url)
const SOURCES = new URL('../src/', import.meta.url)
const PROGRAM = 'cli/index'

// An installed package has its modules elsewhere, and all of them.
if (!SOURCES.pathname.includes('/node_modules/') && !existsSync(MODULES)) {
  console.error('error: What Goldenhour needs is not installed yet: run npm ci first.')
  process.exit(1)
}
// Node strips no types of an installed package.
const stripsTypes = process.features.typescript && !SOURCES.pathname.includes('/node_modules/')
const kept = stripsTypes ? null : compiled(SOURCES)
if (stripsTypes) {
  module.enableCompileCache?.(fileURLToPath(new URL('../node_modules/.cache/goldenhour/node', import.meta.url)))
  await import(new URL(`${PROGRAM}.ts`, SOURCES).href)
} else if (kept !== null) {
  process.setSourceMapsEnabled(true)
  await import(new URL(`${PROGRAM}.js`, kept).href)
} else {
  const { register } = await import('tsx/esm/api')
  register()
  await import(new URL(`${PROGRAM}.ts`, SOURCES).href)
}
