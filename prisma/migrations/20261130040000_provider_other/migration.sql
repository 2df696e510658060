-- Who answers at a GEMINI_BASE_URL that is neither Google's nor the emulator: not to be told as Gemini itself.
ALTER TYPE "Provider" ADD VALUE 'other';
