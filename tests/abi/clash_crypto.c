/* Stands for another libcrypto: functions under OpenSSL's names that have nothing to do with it. */
#include <stdio.h>
#include <stdlib.h>

#define CLASH(name)                                           \
  __attribute__((visibility("default"))) void* name(void);    \
  void* name(void) {                                          \
    fprintf(stderr, "the host's own " #name " was called\n"); \
    abort();                                                  \
  }

CLASH(EVP_MD_fetch)
CLASH(EVP_MD_free)
CLASH(EVP_MD_CTX_new)
CLASH(EVP_MD_CTX_free)
CLASH(EVP_MD_CTX_copy_ex)
CLASH(EVP_DigestInit_ex)
CLASH(EVP_DigestInit_ex2)
CLASH(EVP_DigestUpdate)
CLASH(EVP_DigestFinal_ex)
CLASH(EVP_Digest)
CLASH(EVP_sha256)
CLASH(EVP_EncodeBlock)
CLASH(HMAC)
CLASH(EVP_CIPHER_fetch)
CLASH(EVP_CipherInit_ex2)
CLASH(EVP_EncryptUpdate)
CLASH(EVP_DecryptUpdate)
CLASH(EVP_MAC_fetch)
CLASH(EVP_KDF_fetch)
CLASH(EVP_PKEY_generate)
CLASH(EVP_PKEY_derive)
CLASH(RAND_bytes)
CLASH(OPENSSL_cleanse)
CLASH(OPENSSL_init_crypto)
CLASH(OPENSSL_init_ssl)
CLASH(CRYPTO_malloc)
CLASH(CRYPTO_zalloc)
CLASH(CRYPTO_free)
CLASH(CRYPTO_THREAD_run_once)
CLASH(ERR_put_error)
CLASH(ERR_new)
CLASH(SSL_CTX_new)
