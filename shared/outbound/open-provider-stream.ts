import { askProvider, type ProviderRequest } from "./ask-provider.ts";

/**
 * Asks an outside API for something that is too large to hold. The time budget ends with the answer's head; its body streams at the pace
 * at which it is read, ends with `signal`, and fails as the network does.
 *
 * @throws ProviderError as `callProvider` does.
 */
export function openProviderStream(request: ProviderRequest): Promise<ReadableStream<Uint8Array>> {
  return askProvider({
    request,
    isStreamed: true,
    async read({ response: { body }, fail }) {
      if (body === null) throw fail("empty");
      return body;
    },
  });
}
