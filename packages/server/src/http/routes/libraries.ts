/** Libraries that services require, with their versions (rest-api.md §2.8). */
import {
  createCode,
  listCode,
  makeCurrent,
  readCode,
  removeCode,
  updateCode,
  versionsOf,
} from '../../domain/code/code.ts'
import { empty, type RouteInput, route } from '../route.ts'
import { historyShape, libraryListShape, libraryShape, versionOf } from './code-shapes.ts'
import { AnyObject } from './shapes.ts'

const libraries = '/codeadmin/v/2/library/:key'
const library = `${libraries}/:name`
const history = '/codeadmin/v/2/history/library/:key/:name'

const nameOf = ({ params }: RouteInput<unknown>): string => params.name!

export const libraryRoutes = [
  route({
    method: 'GET',
    path: libraries,
    allow: 'system developer',
    summary: 'Libraries of the system, without their code',
    handle: async (scope) => (await listCode(scope, 'library')).map((unit) => libraryListShape(scope, unit)),
  }),
  route({
    method: 'GET',
    path: library,
    allow: 'system developer',
    summary: 'A library with its code',
    handle: async (scope, input) => libraryShape(scope, await readCode(scope, 'library', nameOf(input))),
  }),
  route({
    method: 'POST',
    path: library,
    allow: 'system developer',
    summary: 'Make a library',
    body: AnyObject,
    handle: async (scope, input) => libraryShape(scope, await createCode(scope, 'library', nameOf(input), input.body)),
  }),
  route({
    method: 'PUT',
    path: library,
    allow: 'system developer',
    summary: 'Change any of the fields of a library; new code makes a new version',
    body: AnyObject,
    handle: async (scope, input) => libraryShape(scope, await updateCode(scope, 'library', nameOf(input), input.body)),
  }),
  route({
    method: 'DELETE',
    path: library,
    allow: 'system developer',
    summary: 'Delete a library with all its versions',
    handle: async (scope, input) => {
      await removeCode(scope, 'library', nameOf(input))
      return empty()
    },
  }),
  route({
    method: 'GET',
    path: history,
    allow: 'system developer',
    summary: 'Versions of a library, newest first, without their code',
    handle: async (scope, input) => historyShape(nameOf(input), await versionsOf(scope, 'library', nameOf(input))),
  }),
  route({
    method: 'GET',
    path: `${history}/:version`,
    allow: 'system developer',
    summary: 'A version of a library with its code',
    handle: async (scope, input) =>
      libraryShape(scope, await readCode(scope, 'library', nameOf(input), versionOf(input.params))),
  }),
  route({
    method: 'PUT',
    path: `${history}/:version`,
    allow: 'system developer',
    summary: 'Make this version the one that is required',
    handle: async (scope, input) => {
      await makeCurrent(scope, 'library', nameOf(input), versionOf(input.params))
      return libraryShape(scope, await readCode(scope, 'library', nameOf(input)))
    },
  }),
]
