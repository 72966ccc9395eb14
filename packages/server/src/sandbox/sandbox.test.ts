/** The sandbox of engine processes against the suite; what is particular to processes is in the files beside this one. */

import { sandboxSuite } from './sandbox.suite.ts'
import { createSandbox } from './sandbox.ts'

sandboxSuite('engine processes', createSandbox)
