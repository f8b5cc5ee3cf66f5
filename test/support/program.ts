/**
 * How a program of ours is started as a process of its own: by tsx from its source, or as JavaScript where this module
 * itself was compiled, as in a run of all tests (`compile.ts`). Modules are named by their sources.
 */
import { fileURLToPath } from 'node:url'

export const IS_COMPILED = import.meta.url.endsWith('.js')

/** Those of a Node that is to run modules of ours: compiled, and in the form in which this process runs. */
export const COMPILED_FLAGS = ['--enable-source-maps']
export const NODE_FLAGS = IS_COMPILED ? COMPILED_FLAGS : ['--import', import.meta.resolve('tsx')]

/** The module to run or import in place of this source. */
export const moduleOf = (source: URL): URL => new URL(IS_COMPILED ? source.href.replace(/\.ts$/, '.js') : source)

/** What Node takes to run this program, up to its own arguments. */
export const program = (source: URL): string[] => [...NODE_FLAGS, fileURLToPath(moduleOf(source))]

/** What Node takes to run a text that imports modules of ours, up to its own arguments. */
export const programText = (code: string): string[] => [...NODE_FLAGS, '--input-type=module', '-e', code]

/** Where the program lies in a copy of the checkout (`bundle.ts`). */
export const BUNDLED_PROGRAM = 'goldenhour'

/** What Node takes to run `goldenhour`, up to its own arguments: the program of a user reads the sources by tsx. */
export const GOLDENHOUR = IS_COMPILED
  ? [...NODE_FLAGS, fileURLToPath(new URL(`../../${BUNDLED_PROGRAM}/index.js`, import.meta.url))]
  : [fileURLToPath(new URL('../../bin/goldenhour.js', import.meta.url))]
