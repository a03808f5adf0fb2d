// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Is this file signed by one of these certificates, or by one that they vouch for? In a sandbox: all that it has is what is open.
 *
 * When a signature was made is not looked at, nor whether a certificate's time is over: as in UEFI, whose revocation is a list of
 * what is no longer believed, since a kernel that was good stays good, and a machine in trouble may not know the time.
 */
/* Before cms.h, which has functions for PEM only then. */
#include <openssl/pem.h>

#include <errno.h>
#include <openssl/cms.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pkcs7.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sandbox.h"
#include "signatures.h"
#include "util.h"
#include "verify_protocol.h"

/* "Windows Authenticode Portable Executable Signature Format": SPC_INDIRECT_DATA_OBJID */
#define INDIRECT_DATA "1.3.6.1.4.1.311.2.1.4"

/**
 * struct trust - whom to believe
 * @store, @certificates: the same ones
 */
struct trust {
	X509_STORE *store;
	STACK_OF(X509) * certificates;
};

/* ---- cleanup --------------------------------------------------------------------------------- */

static void free_biop(BIO **bio)
{
	BIO_free_all(*bio);
}

static void free_pkcs7p(PKCS7 **message)
{
	PKCS7_free(*message);
}

static void free_cmsp(CMS_ContentInfo **message)
{
	CMS_ContentInfo_free(*message);
}

static void free_digestp(X509_SIG **digest)
{
	X509_SIG_free(*digest);
}

static void free_contextp(EVP_MD_CTX **context)
{
	EVP_MD_CTX_free(*context);
}

/* ---- certificates ---------------------------------------------------------------------------- */

static int say_why(struct kx_error *err, int code, const char *what)
{
	unsigned long last = ERR_peek_last_error();
	const char *reason = last ? ERR_reason_error_string(last) : NULL;

	return kx_fail(err, code, "%s%s%s", what, reason ? ": " : "", reason ? reason : "");
}

static int open_file(int fd, struct kx_view *ret, struct kx_error *err)
{
	struct stat st;
	void *at;

	if (fstat(fd, &st) < 0)
		return kx_fail(err, errno, "cannot read what is to be checked: %m");
	if (st.st_size <= 0) {
		*ret = kx_view_of(NULL, 0);
		return 0;
	}
	at = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (at == MAP_FAILED)
		return kx_fail(err, errno, "cannot read what is to be checked: %m");
	*ret = kx_view_of(at, (size_t)st.st_size);
	return 0;
}

static BIO *bio_of(struct kx_view view)
{
	return view.size <= INT_MAX ? BIO_new_mem_buf(view.data, (int)view.size) : NULL;
}

static int add_certificate(struct trust *trust, X509 *certificate)
{
	if (sk_X509_push(trust->certificates, certificate) <= 0) {
		X509_free(certificate);
		return -ENOMEM;
	}
	return X509_STORE_add_cert(trust->store, certificate) == 1 ? 0 : -ENOMEM;
}

/* A file of PEM, with one certificate or several, or of DER, with one. */
static int add_file(struct trust *trust, struct kx_view file, struct kx_error *err)
{
	_cleanup_(free_biop) BIO *bio = bio_of(file);
	const uint8_t *at = file.data;
	X509 *certificate;
	int count = 0, r = bio ? 0 : -ENOMEM;

	while (r == 0 && (certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL))) {
		r = add_certificate(trust, certificate);
		count++;
	}
	if (r == 0 && !count) {
		certificate = d2i_X509(NULL, &at, (long)file.size);
		if (!certificate)
			return kx_fail(err, EBADMSG,
				       "a file given by --signed-by is no certificate; give one in "
				       "PEM or DER");
		r = add_certificate(trust, certificate);
	}
	ERR_clear_error();
	return r < 0 ? say_why(err, -r, "cannot take a certificate") : 0;
}

static int read_certificates(struct kx_view all, struct trust *trust, struct kx_error *err)
{
	uint32_t size = 0;
	int r = 0;

	while (r == 0 && kx_view_le32(all, 0, &size)) {
		struct kx_view file = { 0 };

		if (size > KX_VERIFY_MAX || !kx_view_sub(all, 4, size, &file))
			return kx_fail(err, EBADMSG, "certificates are cut");
		r = add_file(trust, file, err);
		kx_view_from(all, 4 + (uint64_t)size, &all);
	}
	return r;
}

/* A certificate that is given is believed, whoever made it; and for whatever it says that it is for. */
static int begin(struct trust *trust, struct kx_error *err)
{
	trust->store = X509_STORE_new();
	trust->certificates = sk_X509_new_null();
	if (!trust->store || !trust->certificates ||
	    X509_STORE_set_flags(trust->store,
				 X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_NO_CHECK_TIME) != 1 ||
	    X509_STORE_set_purpose(trust->store, X509_PURPOSE_ANY) != 1)
		return kx_fail(err, ENOMEM, "out of memory for certificates");
	return 0;
}

/* ---- digests --------------------------------------------------------------------------------- */

/* Of the others, somebody may make two files with one digest. */
static const EVP_MD *digest_of(const X509_ALGOR *algorithm, struct kx_error *err)
{
	const ASN1_OBJECT *object;
	char name[80];

	X509_ALGOR_get0(&object, NULL, NULL, algorithm);
	switch (OBJ_obj2nid(object)) {
	case NID_sha256:
		return EVP_sha256();
	case NID_sha384:
		return EVP_sha384();
	case NID_sha512:
		return EVP_sha512();
	}
	OBJ_obj2txt(name, sizeof(name), object, 0);
	kx_fail(err, EOPNOTSUPP, "is signed by way of %s, which is not safe; need SHA-256 or more",
		name);
	return NULL;
}

static int digest_parts(const struct kx_signatures *signatures, const EVP_MD *kind, uint8_t *ret,
			unsigned *ret_size)
{
	_cleanup_(free_contextp) EVP_MD_CTX *context = EVP_MD_CTX_new();
	int ok = context && EVP_DigestInit_ex(context, kind, NULL);

	for (size_t i = 0; ok && i < signatures->part_count; i++)
		ok = EVP_DigestUpdate(context, signatures->parts[i].data,
				      signatures->parts[i].size);
	return ok && EVP_DigestFinal_ex(context, ret, ret_size) ? 0 : -ENOMEM;
}

/* ---- Authenticode ---------------------------------------------------------------------------- */

/* What is within the DER value at the view's beginning, and by @ret_rest what follows it; false for another kind than @tag. */
static bool within(struct kx_view der, int tag, struct kx_view *ret, struct kx_view *ret_rest)
{
	const uint8_t *at = der.data;
	int found, class;
	long size;

	if (der.size > LONG_MAX || !der.size ||
	    ASN1_get_object(&at, &size, &found, &class, (long)der.size) & 0x81 || found != tag ||
	    class != V_ASN1_UNIVERSAL)
		return false;
	*ret = kx_view_of(at, (size_t)size);
	*ret_rest = kx_view_of(at + size, der.size - (size_t)(at + size - der.data));
	return true;
}

/*
 * SpcIndirectDataContent: what it is about, which nobody needs, then a DigestInfo, which OpenSSL calls X509_SIG.
 * @ret_content: what is signed: all that is within, without its own tag and size
 */
static X509_SIG *digest_in(const PKCS7 *message, struct kx_view *ret_content)
{
	const ASN1_TYPE *other = message->d.sign->contents->d.other;
	struct kx_view content, about, digest;
	const uint8_t *at;

	if (!other || other->type != V_ASN1_SEQUENCE)
		return NULL;
	content = kx_view_of(other->value.sequence->data, (size_t)other->value.sequence->length);
	if (!within(content, V_ASN1_SEQUENCE, ret_content, &about) ||
	    !within(*ret_content, V_ASN1_SEQUENCE, &about, &digest))
		return NULL;
	at = digest.data;
	return d2i_X509_SIG(NULL, &at, (long)digest.size);
}

static bool is_indirect(const PKCS7 *message)
{
	char type[80];

	if (!PKCS7_type_is_signed(message) || !message->d.sign || !message->d.sign->contents)
		return false;
	OBJ_obj2txt(type, sizeof(type), message->d.sign->contents->type, 1);
	return !strcmp(type, INDIRECT_DATA);
}

static int compare_digest(const struct kx_signatures *signatures, const X509_SIG *signed_digest,
			  struct kx_error *err)
{
	const ASN1_OCTET_STRING *expected;
	const X509_ALGOR *algorithm;
	uint8_t digest[EVP_MAX_MD_SIZE];
	const EVP_MD *kind;
	unsigned size = 0;

	X509_SIG_get0(signed_digest, &algorithm, &expected);
	kind = digest_of(algorithm, err);
	if (!kind)
		return -EOPNOTSUPP;
	if (digest_parts(signatures, kind, digest, &size) < 0)
		return kx_fail(err, ENOMEM, "out of memory for digest");
	if (size != (unsigned)ASN1_STRING_length(expected) ||
	    memcmp(digest, ASN1_STRING_get0_data(expected), size) != 0)
		return kx_fail(err, EBADMSG,
			       "is not what was signed: it was changed afterwards; copy it again");
	return 0;
}

/* Each of those who signed it must have used such a digest; a message without anybody is none. */
static int check_signers(STACK_OF(PKCS7_SIGNER_INFO) * signers, struct kx_error *err)
{
	if (sk_PKCS7_SIGNER_INFO_num(signers) <= 0)
		return kx_fail(err, EBADMSG, "malformed signature: nobody signed it");
	for (int i = 0; i < sk_PKCS7_SIGNER_INFO_num(signers); i++)
		if (!digest_of(sk_PKCS7_SIGNER_INFO_value(signers, i)->digest_alg, err))
			return -EOPNOTSUPP;
	return 0;
}

static int not_by_them(struct kx_error *err)
{
	return say_why(err, EACCES,
		       "is not signed by any of the certificates given by --signed-by");
}

static int check_pe(const struct kx_signatures *signatures, struct kx_view bytes,
		    const struct trust *trust, struct kx_error *err)
{
	const uint8_t *at = bytes.data;
	_cleanup_(free_pkcs7p) PKCS7 *message = d2i_PKCS7(NULL, &at, (long)bytes.size);
	_cleanup_(free_digestp) X509_SIG *digest = NULL;
	_cleanup_(free_biop) BIO *content = NULL;
	struct kx_view signed_content;
	int r;

	if (!message || !is_indirect(message))
		return kx_fail(err, EBADMSG, "malformed signature: no Authenticode");
	digest = digest_in(message, &signed_content);
	if (!digest)
		return kx_fail(err, EBADMSG, "malformed signature: no digest in it");
	r = check_signers(PKCS7_get_signer_info(message), err);
	if (r == 0)
		r = compare_digest(signatures, digest, err);
	if (r < 0)
		return r;
	content = bio_of(signed_content);
	if (!content)
		return kx_fail(err, ENOMEM, "out of memory for signature");
	return PKCS7_verify(message, trust->certificates, trust->store, content, NULL,
			    PKCS7_BINARY) == 1
		       ? 0
		       : not_by_them(err);
}

/* ---- detached -------------------------------------------------------------------------------- */

static int check_cms_signers(CMS_ContentInfo *message, struct kx_error *err)
{
	STACK_OF(CMS_SignerInfo) *signers = CMS_get0_SignerInfos(message);
	X509_ALGOR *digest;

	if (sk_CMS_SignerInfo_num(signers) <= 0)
		return kx_fail(err, EBADMSG, "malformed signature: nobody signed it");
	for (int i = 0; i < sk_CMS_SignerInfo_num(signers); i++) {
		CMS_SignerInfo_get0_algs(sk_CMS_SignerInfo_value(signers, i), NULL, NULL, &digest,
					 NULL);
		if (!digest_of(digest, err))
			return -EOPNOTSUPP;
	}
	return 0;
}

/* DER, or PEM as `openssl smime -sign -outform PEM` and `openssl cms` write it. */
static CMS_ContentInfo *read_cms(struct kx_view bytes)
{
	_cleanup_(free_biop) BIO *bio = bio_of(bytes);
	const uint8_t *at = bytes.data;
	CMS_ContentInfo *message = d2i_CMS_ContentInfo(NULL, &at, (long)bytes.size);

	return message || !bio ? message : PEM_read_bio_CMS(bio, NULL, NULL, NULL);
}

static int check_detached(struct kx_view data, struct kx_view bytes, const struct trust *trust,
			  struct kx_error *err)
{
	_cleanup_(free_cmsp) CMS_ContentInfo *message = read_cms(bytes);
	_cleanup_(free_biop) BIO *content = bio_of(data);
	int r;

	if (!content)
		return kx_fail(err, EFBIG, "is too large for a detached signature");
	if (!message || OBJ_obj2nid(CMS_get0_type(message)) != NID_pkcs7_signed)
		return kx_fail(err, EBADMSG, "malformed signature: no PKCS#7 or CMS");
	if (CMS_is_detached(message) != 1)
		return kx_fail(err, EBADMSG, "malformed signature: it has contents of its own");
	r = check_cms_signers(message, err);
	if (r < 0)
		return r;
	return CMS_verify(message, trust->certificates, trust->store, content, NULL,
			  CMS_BINARY | CMS_DETACHED) == 1
		       ? 0
		       : not_by_them(err);
}

/* ---- all of it ------------------------------------------------------------------------------- */

/* One that is good is enough: an image may be signed for several. */
static int check_any(const struct kx_signatures *signatures, const struct trust *trust,
		     struct kx_error *err)
{
	int r = -ENODATA;

	for (size_t i = 0; r < 0 && i < signatures->count; i++) {
		ERR_clear_error();
		r = check_pe(signatures, signatures->signatures[i], trust, err);
	}
	return r;
}

static int check(struct kx_view file, struct kx_view detached, const struct trust *trust,
		 struct kx_error *err)
{
	struct kx_signatures signatures;
	int r;

	if (detached.size)
		return check_detached(file, detached, trust, err);
	r = kx_signatures_appended(file, &signatures, err);
	if (r == 0)
		return check_detached(signatures.parts[0], signatures.signatures[0], trust, err);
	if (r != -ENODATA)
		return r;
	r = kx_signatures_of_pe(file, &signatures, err);
	if (r == -ENOEXEC)
		return kx_fail(err, ENODATA,
			       "carries no signature; give a detached one by --signature");
	return r < 0 ? r : check_any(&signatures, trust, err);
}

static int run(struct kx_error *err)
{
	struct kx_view file = { 0 }, certificates = { 0 }, detached = { 0 };
	struct trust trust = { 0 };
	int r;

	/* There is no file to read a configuration from, nor a library to load. */
	OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, NULL);
	r = kx_sandbox_enter(KX_SANDBOX_PARSER, err);
	if (r == 0)
		r = begin(&trust, err);
	if (r == 0)
		r = open_file(KX_VERIFY_CERTIFICATES, &certificates, err);
	if (r == 0)
		r = read_certificates(certificates, &trust, err);
	if (r == 0)
		r = open_file(KX_VERIFY_FILE, &file, err);
	if (r == 0)
		r = open_file(KX_VERIFY_SIGNATURE, &detached, err);
	return r < 0 ? r : check(file, detached, &trust, err);
}

/* What it has in memory goes with it. */
int main(void)
{
	struct kx_error err = { 0 };
	int r = run(&err);

	if (r < 0)
		(void)!write(STDERR_FILENO, err.text, strlen(err.text));
	_exit(r == 0 ? KX_VERIFY_SIGNED : KX_VERIFY_NOT);
}
