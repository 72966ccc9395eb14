/**
 * Packages over HTTP, for developers: fetching and installing, what is installed, exporting; and the calls of existing
 * tools, the system upload and the console's package calls (rest-api.md §2.9).
 */
import { GatehouseError } from '@gatehouse/contract/errors.ts'
import { archiveOf } from '../../deploy/catalogue.ts'
import { exportedModel } from '../../deploy/export.ts'
import { writePackage } from '../../deploy/format/write.ts'
import { importPackage } from '../../deploy/import.ts'
import {
  describePackage,
  fetchPackage,
  installPackage,
  ownSystem,
  type PackageMeans,
  readUpload,
  type SourceRequest,
} from '../../deploy/import-source.ts'
import { uploadAnswer } from '../../deploy/import-upload.ts'
import { installedReadme, installedWithVersions, undoPackage } from '../../deploy/installed.ts'
import { pushFiles } from '../../deploy/push.ts'
import { sourceLimits } from '../../deploy/sources/limits.ts'
import type { NodeScope, SystemScope } from '../../domain/access/scope.ts'
import { type Progress, withProgress } from '../progress.ts'
import { Reply, type Route, type RouteInput, route } from '../route.ts'
import { type AnyBody, AnyObject, demandParameter, demandText, parameter } from './shapes.ts'

const optionalText = (body: AnyBody, name: string): string | undefined => {
  const value = body[name]
  if (value === undefined || value === null || value === '') return undefined
  if (typeof value !== 'string') throw new GatehouseError('badRequest', `${name} must be a text.`)
  return value
}

const optionalTexts = (body: AnyBody, name: string): string[] | undefined => {
  const value = body[name]
  if (value === undefined || value === null) return undefined
  if (!Array.isArray(value) || value.some((one) => typeof one !== 'string')) {
    throw new GatehouseError('badRequest', `${name} must be a list of texts.`)
  }
  return value
}

function optionalNames(body: AnyBody, name: string): Record<string, string> | undefined {
  const value = body[name]
  if (value === undefined || value === null) return undefined
  if (
    typeof value !== 'object' ||
    Array.isArray(value) ||
    Object.values(value).some((one) => typeof one !== 'string')
  ) {
    throw new GatehouseError('badRequest', `${name} must be an object of service names and e-mails.`)
  }
  return value as Record<string, string>
}

function truth(body: AnyBody, name: string): boolean {
  const value = body[name]
  if (value === undefined || value === null) return false
  if (typeof value !== 'boolean') throw new GatehouseError('badRequest', `${name} must be true or false.`)
  return value
}

const given = <T extends object>(values: T): { [K in keyof T]: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never

function sourceOf(body: AnyBody): SourceRequest {
  const url = optionalText(body, 'url')
  const contents = optionalText(body, 'contents')
  if ((url === undefined) === (contents === undefined)) {
    throw new GatehouseError('badRequest', 'The body needs "url", the address of a package, or "contents", an archive.')
  }
  return url === undefined
    ? { contents: contents!, ...given({ name: optionalText(body, 'archive_name') }) }
    : { url, ...given({ ref: optionalText(body, 'ref'), folder: optionalText(body, 'folder') }) }
}

type OnProgress = (progress: Progress) => void

async function install(scope: NodeScope, means: PackageMeans, body: AnyBody, onProgress: OnProgress): Promise<unknown> {
  const key = optionalText(body, 'system')
  const options = {
    dryRun: truth(body, 'dry_run'),
    ...given({
      name: optionalText(body, 'name'),
      choose: optionalTexts(body, 'choose'),
      allow: optionalTexts(body, 'allow'),
      overwrite: optionalTexts(body, 'overwrite'),
      confirmRunAs: optionalNames(body, 'confirm_run_as'),
      into: key === undefined ? undefined : await ownSystem(scope, key),
    }),
    onProgress,
  }
  const wanted = optionalText(body, 'content_hash')
  const fetched = await fetchPackage(scope, means, sourceOf(body), { onProgress })
  if (wanted !== undefined && wanted !== fetched.contentHash) {
    throw new GatehouseError('packageFetch', 'The package is another one than the one that was looked at.', {
      hint: 'Fetch it again and look at what changed.',
    })
  }
  return installPackage(scope, fetched, options)
}

/** What the developer's own folder has, as it was pulled and edited, into the system that it was pulled from. */
async function push(scope: SystemScope, means: PackageMeans, body: AnyBody, onProgress: OnProgress): Promise<unknown> {
  const { model, notes } = await readUpload(demandText(body, 'contents'), means)
  const base = optionalText(body, 'base')
  const report = await pushFiles(scope, model, {
    dryRun: truth(body, 'dry_run'),
    removeGone: truth(body, 'delete'),
    ...given({
      base: base === undefined ? undefined : (await readUpload(base, means)).model,
      allow: optionalTexts(body, 'allow'),
      overwrite: optionalTexts(body, 'overwrite'),
      confirmRunAs: optionalNames(body, 'confirm_run_as'),
    }),
    onProgress,
  })
  return { ...report, notes: [...notes, ...report.notes] }
}

async function undo(scope: SystemScope, body: AnyBody, onProgress: OnProgress): Promise<unknown> {
  return undoPackage(scope, demandText(body, 'name'), {
    dryRun: truth(body, 'dry_run'),
    ...given({ allow: optionalTexts(body, 'allow'), overwrite: optionalTexts(body, 'overwrite') }),
    onProgress,
  })
}

const isTrue = (value: string | undefined): boolean => value === 'true'

/** What a push of the developer's own files means: roles as their files say, and standing power told as warnings. */
async function upload(scope: SystemScope, means: PackageMeans, input: RouteInput<AnyBody>): Promise<unknown> {
  const { model, notes } = await readUpload(demandText(input.body, 'contents'), means)
  const options = { into: scope, exactRoles: true }
  const planned = await importPackage(scope, model, { ...options, dryRun: true })
  const allow = planned.widening.map(({ name }) => name)
  const dryRun = isTrue(parameter(input, 'dryRun'))
  const report = dryRun ? planned : await importPackage(scope, model, { ...options, allow })
  return uploadAnswer({ ...report, notes: [...notes, ...report.notes] })
}

/** Names of owners and repositories as GitHub has them: they become part of an address. */
const nameOnGitHub = /^[\w.-]{1,100}$/

async function structure(scope: NodeScope, means: PackageMeans, input: RouteInput<unknown>): Promise<unknown> {
  const owner = demandParameter(input, 'username')
  const repository = demandParameter(input, 'systemRepoName')
  if (!nameOnGitHub.test(owner) || !nameOnGitHub.test(repository)) {
    throw new GatehouseError(
      'badRequest',
      'username and systemRepoName must be the names of an owner and a repository.',
    )
  }
  const ref = parameter(input, 'branch')
  const url = `https://github.com/${owner}/${repository}`
  const { files, source } = await fetchPackage(scope, means, { url, ...(ref !== undefined && ref !== '' && { ref }) })
  const folder = source.folder === undefined ? '' : `${source.folder}/`
  return { tree: [...files.keys()].map((path) => ({ type: 'blob', path: folder + path })) }
}

async function importByConsole(scope: NodeScope, means: PackageMeans, body: AnyBody): Promise<unknown> {
  const key = truth(body, 'importIntoExistingSystem') ? demandText(body, 'system_key') : undefined
  const into = key === undefined ? undefined : await ownSystem(scope, key)
  const chosen = optionalTexts(body, 'listOfFilesToImport')
  const whole = truth(body, 'importFullSystem') || chosen === undefined
  // Each begins with the folder that the archive has round everything.
  const wanted = new Set((chosen ?? []).map((path) => path.slice(path.indexOf('/') + 1)))
  const fetched = await fetchPackage(
    scope,
    means,
    { url: demandText(body, 'repoURL') },
    {
      takes: (path, { source }) => whole || wanted.has(source.folder === undefined ? path : `${source.folder}/${path}`),
    },
  )
  const { system } = await installPackage(scope, fetched, given({ into, name: optionalText(body, 'systemName') }))
  return { systemKey: system.key, systemSecret: system.secret || into?.system.secret, name: system.name }
}

async function exportSystem(scope: SystemScope, input: RouteInput<unknown>): Promise<Reply> {
  const without = (name: string): boolean => parameter(input, name) === 'false'
  const model = await exportedModel(scope, {
    ...(without('rows') && { rows: () => [] }),
    ...(without('users') && { emails: [] }),
  })
  const zip = await archiveOf(writePackage(model), '')
  const name = scope.system.name.replace(/[^A-Za-z0-9._-]+/g, '-')
  return new Reply(zip, {
    headers: { 'content-type': 'application/zip', 'content-disposition': `attachment; filename="${name}.zip"` },
  })
}

/** An archive of the greatest size in base64, and what is said beside it. */
const archiveBodyLimit = Math.ceil((sourceLimits.transferBytes * 4) / 3) + 1024 * 1024

const uploadPath = '/api/v/1/systemmigration/:key/upload'

export const packageRoutes = (means: PackageMeans): Route[] => [
  route({
    method: 'POST',
    path: '/admin/v/4/packages/fetch',
    allow: 'developer',
    summary: 'Fetch a package and say what is in it and what it may do; nothing is changed and nothing of it runs',
    body: AnyObject,
    bodyLimit: archiveBodyLimit,
    handle: (scope, input) =>
      withProgress(scope, input, async (onProgress) =>
        describePackage(await fetchPackage(scope, means, sourceOf(input.body), { onProgress })),
      ),
  }),
  route({
    method: 'POST',
    path: '/admin/v/4/packages/install',
    allow: 'developer',
    summary: 'Install or upgrade a package, into a new system or one that is there; dry_run says what would happen',
    body: AnyObject,
    bodyLimit: archiveBodyLimit,
    handle: (scope, input) => withProgress(scope, input, (onProgress) => install(scope, means, input.body, onProgress)),
  }),
  route({
    method: 'GET',
    path: '/admin/v/4/system/:key/packages',
    allow: 'system developer',
    summary: 'The packages that are installed in a system',
    handle: (scope) => installedWithVersions(scope),
  }),
  route({
    method: 'GET',
    path: '/admin/v/4/system/:key/packages/readme',
    allow: 'system developer',
    summary: 'The README of an installed package as it is and as HTML without scripts, by ?name=',
    handle: (scope, input) => installedReadme(scope, demandParameter(input, 'name')),
  }),
  route({
    method: 'POST',
    path: '/admin/v/4/system/:key/packages/undo',
    allow: 'system developer',
    summary: 'Take the last install or upgrade of a package back; dry_run says what would happen',
    body: AnyObject,
    handle: (scope, input) => withProgress(scope, input, (onProgress) => undo(scope, input.body, onProgress)),
  }),
  route({
    method: 'POST',
    path: '/admin/v/4/system/:key/push',
    allow: 'system developer',
    summary: 'Bring a system to the state of its files, edited outside; base is what they were when they were pulled',
    body: AnyObject,
    // The files and what they were before.
    bodyLimit: 2 * archiveBodyLimit,
    handle: (scope, input) => withProgress(scope, input, (onProgress) => push(scope, means, input.body, onProgress)),
  }),
  route({
    method: 'GET',
    path: '/admin/v/4/system/:key/export',
    allow: 'system developer',
    summary: 'The system as a package in a zip; ?rows=false and ?users=false leave those out',
    handle: exportSystem,
  }),
  route({
    method: 'GET',
    path: uploadPath,
    allow: 'system developer',
    summary: 'The version of the system upload',
    handle: async () => ({ version: '5' }),
  }),
  route({
    method: 'POST',
    path: uploadPath,
    allow: 'system developer',
    summary: 'Bring a system to the state of uploaded files; ?dryRun=true says what would happen',
    body: AnyObject,
    bodyLimit: archiveBodyLimit,
    handle: (scope, input) => upload(scope, means, input),
  }),
  route({
    method: 'GET',
    path: '/console-api/systemStructureFromGithub',
    allow: 'developer',
    summary: 'The files of a package on GitHub',
    handle: (scope, input) => structure(scope, means, input),
  }),
  route({
    method: 'POST',
    path: '/console-api/importAssetsIntoNewSystem',
    allow: 'developer',
    summary: 'Import a package, or chosen files of it, as the console of the original does',
    body: AnyObject,
    handle: (scope, { body }) => importByConsole(scope, means, body),
  }),
]
