/** The part of @vercel/ncc 0.45 that we call; the package has no types. */
declare module '@vercel/ncc' {
  interface Options {
    readonly minify?: boolean
    readonly cache?: boolean
    readonly quiet?: boolean
    readonly esm?: boolean
    /** File for the licences of everything that is bundled. */
    readonly license?: string
  }

  interface Chunk {
    readonly id: number
    readonly files: Iterable<string>
  }

  /** What one `import()` loads; shared chunks belong to several groups. */
  interface ChunkGroup {
    readonly chunks: readonly Chunk[]
    /** Where it is imported from. */
    readonly origins: readonly { readonly request?: string }[]
    isInitial(): boolean
    getChildren(): readonly ChunkGroup[]
  }

  interface Result {
    readonly code: string
    readonly assets: Readonly<Record<string, { readonly source: string | Buffer }>>
    readonly stats: { readonly compilation: { readonly chunkGroups: readonly ChunkGroup[] } }
  }

  export default function ncc(entry: string, options: Options): Promise<Result>
}
