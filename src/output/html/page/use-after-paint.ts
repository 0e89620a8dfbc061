import { useEffect, useState } from 'preact/hooks';

/** Whether the page has been drawn once: what takes long waits for that. */
export function useAfterPaint(): boolean {
  const [isPainted, set] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => set(true));
    return () => clearTimeout(timer);
  }, []);
  return isPainted;
}
